"""Requests that ask for more than anybody needs: refused by their counts, before anybody looks at the contents."""

import json

import pytest

from normlab.comparisons.parse import parse_comparison
from normlab.errors import MAX_PROBLEMS, SpecError
from normlab.repeated_keys import RepeatedKeyError, load_json
from normlab.spec import Limits, parse_job_spec
from support.problems import assert_problem

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def large(tmp_path, broker_url, serve):
    """A service with the limits that it has without any setting."""
    with serve(data_dir=tmp_path, broker_url=broker_url) as http:
        yield http


def test_a_million_mistakes_are_not_read(large):
    body = b'{"architecture":{"layers":[' + b"{}," * 10**6 + b"{}]}}"
    assert_problem(
        large.post("/jobs", content=body, headers=JSON), 413, "body_too_large", "limit of 1048576 bytes"
    )


def test_as_many_mistakes_as_fit_into_a_body_are_not_read(large):
    for mistake in (b"{}", b"[]", b"0"):
        body = b'{"architecture":{"layers":[' + (mistake + b",") * 200_000 + b"0]}}"
        response = large.post("/jobs", content=body, headers=JSON)
        assert_problem(response, 422, "invalid_request", "more than 50000 values")


@pytest.mark.parametrize(
    ("body", "pointer", "sentence"),
    [
        ({"architecture": {"layers": [{}] * 300}}, "/architecture/layers", "should be at most 200, not 300"),
        ({"architecture": {"layers": [{"type": "dense"}] * 2500}}, "/architecture/layers", "not 2500"),
        ({"architecture": "baseline", "tags": [" "] * 33}, "/tags", "at most 32 tags, not 33"),
        ({"architecture": {"layers": [{f"k{n}": 1 for n in range(30)}] * 200}}, "", "more than 4100 values"),
        ({f"k{n}": n for n in range(5000)}, "", "more than 4100 values"),
        (
            {"architecture": "baseline", "training": {"epochs": [[0] * 100] * 100}},
            "",
            "more than 4100 values",
        ),
    ],
)
def test_counts_are_checked_before_contents(http, body, pointer, sentence):
    problem = assert_problem(http.post("/jobs", json=body), 422, "invalid_spec", sentence)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_an_answer_names_a_hundred_problems_and_counts_the_rest(http):
    body = {"architecture": "baseline", **{f"k{n}": n for n in range(150)}}
    problem = assert_problem(http.post("/jobs", json=body), 422, "invalid_spec", "and 50 more")
    assert len(problem["errors"]) == MAX_PROBLEMS == 100
    query = "&".join(f"state=s{n}" for n in range(4))
    assert len(http.get(f"/jobs?{query}").json()["errors"]) == 4


@pytest.mark.parametrize(
    "body",
    [
        {"architecture": "x" * 50_000},
        {"architecture": {"layers": [{"type": "x" * 50_000}]}},
        {"architecture": "baseline", "dataset": "x" * 50_000},
        {"architecture": "baseline", "x" * 50_000: 1},
        {"architecture": "baseline", "training": {"optimizer": {"name": "x" * 50_000}}},
        {"architecture": "baseline", "training": {"epochs": "x" * 50_000}},
        {"architecture": "baseline", "training": {"epochs": [0] * 4000}},
        {"architecture": "baseline", "training": {"epochs": int("9" * 4000)}},
    ],
    ids=str,
)
def test_what_was_sent_is_not_sent_back_at_length(body):
    with pytest.raises(SpecError) as caught:
        parse_job_spec(body)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/comparisons", {f"k{n}": n for n in range(5000)}),
        ("POST", "/comparisons", {"arms": [{f"k{n}": n for n in range(5000)}]}),
        ("POST", "/comparisons", {"arms": [], "replicates": {f"k{n}": n for n in range(5000)}}),
        ("PUT", "/models/x", {f"k{n}": n for n in range(5000)}),
        ("POST", "/models/x/rollback", {"version": [0] * 5000}),
        ("POST", "/jobs/job_0000000000000000000000000a/evaluate", {f"k{n}": n for n in range(5000)}),
    ],
)
def test_fields_of_small_bodies_are_counted_before_they_are_read(http, method, path, body):
    response = http.request(method, path, json=body)
    problem = assert_problem(response, 422, response.json()["code"], "is larger than any", "values")
    assert [error["pointer"] for error in problem["errors"]] == [""]


def test_a_comparison_of_as_many_arms_as_an_operator_allows_is_read():
    arms = [
        {"name": f"arm {n}", "spec": {"architecture": "baseline"}, "base_seed": 1000 * n} for n in range(100)
    ]
    request, _ = parse_comparison({"arms": arms}, Limits(comparison_arms=100, comparison_jobs=10_000))
    assert len(request.arms) == 100


def test_a_job_that_cannot_be_is_not_sent_back_at_length(http):
    response = http.put("/models/x", json={"job": "x" * 50_000})
    assert_problem(response, 404, "not_found", "there is no job")
    assert len(response.content) < 1000


def test_500_tags_are_too_many_to_list_by(http):
    response = http.get("/jobs", params={"tag": [f"t{n}" for n in range(500)]})
    assert_problem(response, 422, "invalid_request", "query parameter `tag`", "at most 32 items")
    assert http.get("/jobs", params={"tag": [f"t{n}" for n in range(32)]}).status_code == 200


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"a": 1, "a": 2}', ("a",)),
        ('{"a": {"b": [0, {"c": 1, "d": 2, "c": 3}]}}', ("a", "b", 1, "c")),
        ('{"a": {"b": 1, "b": 2}, "a": 3}', ("a",)),
        ('{"a": {"b": 1, "b": 2}, "c": {"d": 1, "d": 2}}', ("c", "d")),
        ('[{"a": {}, "a": {}}]', (0, "a")),
    ],
)
def test_a_key_that_stands_twice_is_found(text, path):
    with pytest.raises(RepeatedKeyError) as caught:
        load_json(text.encode())
    assert caught.value.path == path


def test_equal_keys_of_different_objects_are_none():
    document = {"a": [{"a": 1}, {"a": 1}], "b": {"a": {"a": None}}}
    assert load_json(json.dumps(document).encode()) == document


def test_a_key_that_stands_twice_is_refused_with_a_pointer(http):
    body = b'{"architecture": "baseline", "training": {"epochs": 3, "epochs": 4}}'
    problem = assert_problem(
        http.post("/jobs", content=body, headers=JSON), 422, "invalid_request", "stands twice"
    )
    assert [error["pointer"] for error in problem["errors"]] == ["/training/epochs"]
