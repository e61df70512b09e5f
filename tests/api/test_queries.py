"""Parameters of the query that a call does not have are refused by every call, with the one that was meant."""

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route

from api.app import create_app
from normlab.settings import Settings
from support.problems import assert_problem

pytestmark = pytest.mark.parametrize("service", ["sqlite"], indirect=True)


def calls() -> Iterator[tuple[str, str, list[str]]]:
    """Every method of every path of the app, and its query's parameters as the document has them."""
    app = create_app(Settings())
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            parameters = [item["name"] for item in operation.get("parameters", ()) if item["in"] == "query"]
            yield method.upper(), path, parameters
    for route in app.routes:
        if isinstance(route, Route) and not isinstance(route, APIRoute):
            yield "GET", route.path, []
    yield "GET", "/docs", []


CALLS = sorted(calls())


@pytest.mark.parametrize(("method", "path", "parameters"), CALLS, ids=str)
def test_no_call_ignores_a_parameter(http, method: str, path: str, parameters: list[str]) -> None:
    url = re.sub(r"{\w+}", "1", path)
    response = http.request(method, url, params={"colour": "blue"})
    if path.startswith(("/v1", "/v2")):
        assert (response.status_code, list(response.json())) == (400, ["error"])
        assert "query parameter `colour`: is not known here" in response.json()["error"]
    else:
        assert_problem(response, 422, "invalid_request", "query parameter `colour`: is not known here")
    for name in parameters:
        answer = http.request(method, url, params={f"{name}_": "1"}).json()
        assert f"did you mean `{name}`?" in answer["error" if "error" in answer else "detail"]


def test_what_others_call_it_is_known(http) -> None:
    for path, given, meant in (
        ("/jobs?dry_run=true", "dry_run", "validate_only"),
        ("/jobs?stat=failed", "stat", "state"),
        ("/jobs?page_size=5", "page_size", "limit"),
    ):
        method = "POST" if given == "dry_run" else "GET"
        response = http.request(method, path, json={"architecture": "baseline"})
        assert_problem(
            response, 422, "invalid_request", f"`{given}`: is not known here: did you mean `{meant}`?"
        )


def test_a_dry_run_that_is_spelled_otherwise_queues_nothing(http) -> None:
    tag = {"architecture": "baseline", "tags": ["dry-run"]}
    assert http.post("/jobs?dry_run=true", json=tag).status_code == 422
    assert http.get("/jobs?tag=dry-run").json()["data"] == []


def test_what_counts_once_is_not_taken_twice(http) -> None:
    assert_problem(http.get("/jobs?limit=1&limit=2"), 422, "invalid_request", "`limit`: came 2 times")
    assert http.get("/jobs?tag=a&tag=b&state=failed&state=queued").status_code == 200


def test_where_nothing_is_stays_not_found(http) -> None:
    assert_problem(http.get("/nowhere?colour=blue"), 404, "not_found", "there is nothing at /nowhere")
    assert_problem(http.put("/jobs?colour=blue"), 405, "method_not_allowed", "PUT is not possible at /jobs")


@pytest.mark.parametrize("value", ["1", "0", "True", "yes", "on", "", "TRUE"])
def test_a_flag_is_written_as_in_json(http, value: str) -> None:
    response = http.post("/jobs", params={"validate_only": value}, json={"architecture": "baseline"})
    assert_problem(response, 422, "invalid_request", "`validate_only`: should be true or false, not ")


def test_what_would_do_nothing_here_is_refused(http) -> None:
    alone = http.get("/comparisons?metric=val_loss&confidence=0.9")
    problem = assert_problem(alone, 422, "invalid_request", "`metric`: does something only with `jobs`")
    assert len(problem["errors"]) == 2
    beside = http.get("/comparisons?jobs=job_x&state=finished&id=cmp_0")
    problem = assert_problem(beside, 422, "invalid_request", "`state`: does nothing beside `jobs`")
    assert len(problem["errors"]) == 2
