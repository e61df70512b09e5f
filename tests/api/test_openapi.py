import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from api.app import create_app
from api.http import queries
from normlab.settings import Settings

VERSIONED = ("{name}", "{name}/versions/{version}")
PROBLEM_REFERENCE = {"$ref": "#/components/schemas/Problem"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    # As JSON, since that is what is served.
    parsed: dict[str, Any] = json.loads(json.dumps(create_app(Settings()).openapi()))
    return parsed


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def speaks_a_protocol(name: str) -> bool:
    """Whether others have said what its requests, answers and errors look like."""
    return " /v1/" in name or " /v2" in name


def test_errors_of_protocols_have_their_form(operations):
    for name in filter(speaks_a_protocol, operations):
        for status, answer in operations[name]["responses"].items():
            if int(status) >= 400:
                schema = answer["content"]["application/json"]["schema"]
                assert schema["required"] == ["error"], name


def test_every_call_is_there(operations):
    assert set(operations) == {
        "POST /jobs",
        "GET /jobs",
        "GET /jobs/{job_id}",
        "DELETE /jobs/{job_id}",
        "POST /jobs/{job_id}/cancel",
        "POST /jobs/{job_id}/retry",
        "GET /jobs/{job_id}/metrics",
        "GET /jobs/{job_id}/probes",
        "GET /jobs/{job_id}/diagnosis",
        "GET /jobs/{job_id}/probes/charts/{chart}",
        "GET /jobs/{job_id}/events",
        "GET /jobs/{job_id}/model",
        "GET /jobs/{job_id}/model/{format}",
        "POST /jobs/{job_id}/predict",
        "POST /jobs/{job_id}/evaluate",
        "GET /models",
        "GET /models/{name}",
        "PUT /models/{name}",
        "DELETE /models/{name}",
        "DELETE /models/{name}/versions/{version}",
        "POST /models/{name}/rollback",
        "POST /models/{name}/predict",
        "GET /v2",
        "GET /v2/health/live",
        "GET /v2/health/ready",
        "POST /v2/repository/index",
        *(f"GET /v2/models/{name}" for name in VERSIONED),
        *(f"GET /v2/models/{name}/ready" for name in VERSIONED),
        *(f"POST /v2/models/{name}/infer" for name in VERSIONED),
        *(f"GET /v1/models/{name}" for name in VERSIONED),
        *(f"GET /v1/models/{name}/metadata" for name in VERSIONED),
        *(f"POST /v1/models/{name}:predict" for name in VERSIONED),
        "GET /comparisons",
        "POST /comparisons",
        "GET /comparisons/{comparison_id}",
        "DELETE /comparisons/{comparison_id}",
        "POST /comparisons/{comparison_id}/cancel",
        "GET /comparisons/{comparison_id}/events",
        "GET /comparisons/{comparison_id}/charts/{chart}",
        "GET /comparisons/{comparison_id}/report",
        "GET /comparisons/{comparison_id}/bundle",
        "GET /comparisons/{comparison_id}/mechanism",
        "GET /comparisons/{comparison_id}/robustness",
        "POST /comparisons/{comparison_id}/robustness",
        "GET /jobs/{job_id}/robustness",
        "POST /jobs/{job_id}/robustness",
        "GET /claims",
        "POST /claims",
        "GET /claims/trials",
        "GET /claims/{trial_id}",
        "DELETE /claims/{trial_id}",
        "POST /claims/{trial_id}/cancel",
        "GET /claims/{trial_id}/events",
        "GET /claims/{trial_id}/report",
        "GET /sweeps",
        "POST /sweeps",
        "GET /sweeps/{sweep_id}",
        "DELETE /sweeps/{sweep_id}",
        "POST /sweeps/{sweep_id}/cancel",
        "GET /sweeps/{sweep_id}/events",
        "GET /sweeps/{sweep_id}/charts/{chart}",
        "GET /architectures",
        "GET /datasets",
        "POST /datasets",
        "GET /datasets/{name}",
        "DELETE /datasets/{name}",
        "POST /datasets/{name}/cancel",
        "GET /datasets/{name}/pictures/{which}",
        "GET /datasets/{name}/versions",
        "GET /datasets/{name}/versions/{version}",
        "DELETE /datasets/{name}/versions/{version}",
        "POST /datasets/{name}/versions/{version}/cancel",
        "GET /datasets/{name}/versions/{version}/pictures/{which}",
        "GET /probes",
        "GET /",
        "GET /healthz",
        "GET /readyz",
    }


def test_every_call_has_a_summary_a_description_and_its_error_answers(operations):
    for name, operation in operations.items():
        assert operation["summary"], name
        assert operation["description"].endswith("."), name
        errors = {int(status) for status in operation["responses"] if int(status) >= 400}
        assert ("_id}" in name) <= (404 in errors), name
        if speaks_a_protocol(name):
            continue
        assert (name in {"POST /jobs", "POST /comparisons", "POST /sweeps"} or "predict" in name) <= (
            {413, 415, 422} <= errors
        ), name
        for status in errors - {503}:
            content = operation["responses"][str(status)]["content"]
            assert content == {"application/problem+json": {"schema": PROBLEM_REFERENCE}}, name


def test_every_part_of_a_path_says_what_it_can_be(operations):
    for name, operation in operations.items():
        for parameter in operation.get("parameters", []):
            schema = parameter["schema"]
            is_bound = "pattern" in schema or "enum" in schema or schema.get("type") == "integer"
            assert parameter["in"] != "path" or is_bound, (name, parameter["name"])


def test_what_can_be_refused_says_so(operations):
    """A header that is text cannot be wrong; every other parameter can."""
    for name, operation in operations.items():
        parameters = operation.get("parameters", [])
        can_be_wrong = any(
            item["in"] == "query" or item["schema"].get("type") == "integer" for item in parameters
        )
        if can_be_wrong and not speaks_a_protocol(name):
            assert "422" in operation["responses"], name


def test_every_body_and_answer_has_an_example_that_fits_its_schema(document, operations):
    checked = 0
    for name, operation in operations.items():
        if speaks_a_protocol(name):
            continue
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        for content in (part.get("content", {}).get("application/json") for part in (*bodies, *answers)):
            if content is None:
                continue
            for each in content["schema"].get("anyOf", [content["schema"]]):
                schema = document["components"]["schemas"][each["$ref"].rpartition("/")[2]]
                assert schema["examples"], name
                for example in schema["examples"]:
                    jsonschema.validate(example, {**schema, "components": document["components"]})
                    checked += 1
    assert checked > 12


def test_every_reference_leads_somewhere(document):
    for reference in references(document):
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_nothing_of_fastapis_own_errors_is_left(document):
    assert "HTTPValidationError" not in json.dumps(document)


def test_the_document_and_its_pages_are_served(http):
    assert http.get("/openapi.json").json()["info"]["title"] == "Normlab"
    page = http.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "/openapi.json" in page.text


def test_the_page_shows_every_call_and_needs_nobody_else(http, operations):
    page = http.get("/docs")
    for name in operations:
        method, path = name.split()
        assert f"<b>{method}</b> <code>{path}</code>" in page.text
    assert not re.search(r"https?://(?!json-schema)", page.text)
    assert "<script>" not in page.text
    assert "style=" not in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy
    files = re.findall(r'(?:src|href)="(/docs/assets/[^"]+)"', page.text)
    assert len(files) == 4
    for path in files:
        assert http.get(path).status_code == 200
    assert http.get("/docs/assets/docs.py").status_code == 404


def test_no_line_of_a_description_begins_like_a_list(document):
    texts = [document["info"]["description"]]
    texts += [operation["description"] for path in document["paths"].values() for operation in path.values()]
    for text in texts:
        assert not re.search(r"^\s*\d+[.)] ", text, re.MULTILINE), text


def test_no_parameter_can_be_null(operations):
    for name, operation in operations.items():
        for parameter in operation.get("parameters", ()):
            assert {"type": "null"} not in parameter["schema"].get("anyOf", ()), (name, parameter["name"])


def test_every_name_from_elsewhere_leads_to_a_parameter(operations):
    parameters = [item for operation in operations.values() for item in operation.get("parameters", ())]
    names = {item["name"] for item in parameters if item["in"] == "query"}
    assert set(queries.ELSEWHERE.values()) <= names
    assert not set(queries.ELSEWHERE) & names
