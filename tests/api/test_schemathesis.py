"""The whole OpenAPI document against the real app: requests made from it, right and wrong ones, always the same."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.schemas import APIOperation, BaseSchema

pytestmark = pytest.mark.parametrize("service", ["sqlite"], indirect=True)

EXAMPLES = 6
"""For each operation and way; with them all of this takes about half a minute of CPU time."""

PARTS = ("/jobs", "/comparisons", "/sweeps", "/datasets", "/models", "/v1", "/v2", "/")

MEANS_MORE_THAN_ITS_SCHEMA = {
    "POST /jobs",
    "POST /comparisons",
    "POST /sweeps",
    "POST /claims",  # two arms or a comparison of two
    "POST /jobs/{job_id}/robustness",  # with whole numbers, written without a point
    "POST /comparisons/{comparison_id}/robustness",
    "GET /comparisons",  # with `jobs`
    "GET /jobs/{job_id}/probes",  # with names of layers
    "PUT /models/{name}",
    "POST /models/{name}/rollback",
    "POST /jobs/{job_id}/evaluate",
    "POST /jobs/{job_id}/predict",
    "POST /datasets",
    "POST /models/{name}/predict",
}
"""A network that can be built, or an image that can be read, is more than a schema can say."""


@pytest.fixture(scope="module")
def schema(service) -> BaseSchema:
    return schemathesis.openapi.from_dict(service.http.get("/openapi.json").json())


@pytest.fixture(scope="module")
def ids(service) -> dict[str, str]:
    """A succeeded job and its name: a made-up id leads nowhere."""
    job = service.succeeded()
    service.http.put("/models/fuzzed", json={"job": job.id}).raise_for_status()
    return {"job_id": job.id, "name": "fuzzed"}


def operations(schema: BaseSchema, part: str) -> list[APIOperation]:
    found = [result.ok() for result in schema.get_all_operations()]
    return [operation for operation in found if part_of(operation.path) == part]


def part_of(path: str) -> str:
    return next(part for part in PARTS if path.startswith(part))


def can_be_wrong(operation: APIOperation) -> bool:
    """Whether there is anything in its schema that a request could violate: any text is a text."""
    parameters = [*operation.path_parameters, *operation.query, *operation.headers]
    schemas = [parameter.definition.get("schema", {}) for parameter in parameters]
    return bool(operation.body) or any(
        set(schema) - {"title", "examples", "description"} != {"type"} for schema in schemas
    )


def problems_of(case: Case, url: str, checks: list[Callable[..., Any]]) -> list[str]:
    response = case.call(base_url=url, timeout=20)
    try:
        case.validate_response(response, checks=checks)
    except BaseExceptionGroup as group:
        return [f"{case.operation.label} -> {response.status_code}: {error}" for error in group.exceptions]
    return []


def fuzz(operation: APIOperation, mode: GenerationMode, url: str, ids: dict[str, str]) -> list[str]:
    found: list[str] = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), there=st.booleans())
    def run(case: Case, there: bool) -> None:
        checks = [check for check in CHECKS.get_all() if check.__name__ != "max_response_time"]
        leave_out = set()
        if operation.label in MEANS_MORE_THAN_ITS_SCHEMA or operation.path.startswith(("/v1", "/v2")):
            leave_out.add("positive_data_acceptance")
        if there and case.path_parameters:  # what is wrong may then be right
            case.path_parameters |= {name: ids[name] for name in case.path_parameters if name in ids}
            leave_out.add("negative_data_rejection")
        found.extend(problems_of(case, url, [check for check in checks if check.__name__ not in leave_out]))

    run()
    return found


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_answers_are_as_the_document_says(service, schema, ids, part: str, mode: GenerationMode) -> None:
    tried = operations(schema, part)
    assert tried
    problems: list[str] = []
    for operation in tried:
        if mode is GenerationMode.POSITIVE or can_be_wrong(operation):
            problems += fuzz(operation, mode, str(service.http.base_url), ids)
    assert not problems, "\n\n".join(problems)
