"""The OpenAPI document, with the schemas of bodies that routes read themselves."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from api import examples
from api.claims import examples as claim_examples
from api.comparisons import examples as comparison_examples
from api.datasets import examples as dataset_examples
from api.http import declared
from api.http.answers import speaks_a_protocol
from api.http.fast_lane import DirectLane, DirectRoute
from api.http.guard import Guard
from api.http.media_types import EVENTS
from api.http.problems import Problem, error_answers
from api.http.protocol_errors import protocol_error_answers
from api.http.queries import Declared, KnownQueries
from api.inference import examples as inference_examples
from api.inference.schemas import Instances
from api.jobs import examples as job_examples
from api.models import examples as model_examples
from api.models.schemas import EvaluationRequest, ModelReference, Rollback
from api.probes import examples as probe_examples
from api.robustness import examples as robustness_examples
from api.sweeps import examples as sweep_examples
from normlab.claims.request import TrialRequest
from normlab.comparisons import ComparisonRequest
from normlab.comparisons.request import ArmRequest
from normlab.documents.jobs import ValidatedJob
from normlab.documents.predictions import Predictions
from normlab.settings import Settings
from normlab.spec import JobSpec
from normlab.spec.reference import describe_fields
from normlab.spec.robustness import RobustnessRequest
from normlab.sweeps import SweepRequest
from normlab.sweeps.request import SweptArm

_DEFAULT_ERROR = "HTTPValidationError"
_REFERENCE = "#/components/schemas/{model}"

# Routes refer to these by name: they parse such bodies on their own way, or answer them from a handler.
_BY_NAME: tuple[tuple[type[BaseModel], str], ...] = (
    (JobSpec, "validation"),
    (ComparisonRequest, "validation"),
    (TrialRequest, "validation"),
    (SweepRequest, "validation"),
    (Instances, "validation"),
    (Predictions, "serialization"),
    (ModelReference, "validation"),
    (Rollback, "validation"),
    (EvaluationRequest, "validation"),
    (RobustnessRequest, "validation"),
    (Problem, "serialization"),
    (ValidatedJob, "serialization"),
)


class DocumentedAPI(FastAPI):
    """A FastAPI app behind the guard, with direct routes, and a complete OpenAPI document."""

    def __init__(
        self,
        *,
        settings: Settings,
        direct_routes: Sequence[DirectRoute],
        routers: Sequence[APIRouter],
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._settings = settings
        self.direct_routes = [*direct_routes, *declared.direct_routes(routers)]
        for router in routers:
            self.include_router(router)
        own = [*direct_routes, *self.routes, *(route for router in routers for route in router.routes)]
        self._declared = [
            Declared.of(route) for route in own if isinstance(route, DirectRoute | Route | APIRoute)
        ]

    def allowed_methods(self, path: str) -> list[str]:
        """What can be asked of a path, by all routes that it fits; nothing if there is none."""
        methods: set[str] = set()
        for route in self._declared:
            if route.match(path):
                methods |= route.methods
        return sorted(methods | {"HEAD"} if "GET" in methods else methods)

    def build_middleware_stack(self) -> ASGIApp:
        """The guard, behind it the query's names, behind these the direct routes, and then FastAPI's own."""
        lanes = DirectLane(self.direct_routes, super().build_middleware_stack())
        return Guard(KnownQueries(lanes, self._declared), self._settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the guard. FastAPI and Starlette do this in two steps, each with a little to look at."""
        scope["app"] = self
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        await self.middleware_stack(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            for route in self.direct_routes:
                if route.operation is None:
                    continue
                document["paths"].setdefault(route.path, {})[route.method.lower()] = route.operation
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for model, mode in _BY_NAME:
                schema = model.model_json_schema(ref_template=_REFERENCE, mode=mode)  # type: ignore[arg-type]  # one of two literals
                schemas |= schema.pop("$defs", {})
                schemas[model.__name__] = schema
            describe_fields(schemas)
            for arm in (ArmRequest, SweptArm):
                schemas[arm.__name__]["properties"]["spec"]["$ref"] = _REFERENCE.format(
                    model=JobSpec.__name__
                )
            _add_examples(schemas)
            _remove_default_errors(document)
            _remove_null_from_parameters(document)
            _remove_schemas_of_streams(document)
            _add_refusals(document)
        return self.openapi_schema or {}


def _add_examples(schemas: dict[str, Any]) -> None:
    for table in (
        examples,
        claim_examples,
        comparison_examples,
        dataset_examples,
        inference_examples,
        job_examples,
        model_examples,
        probe_examples,
        sweep_examples,
        robustness_examples,
    ):
        for model, shown in table.EXAMPLES.items():
            schemas[model.__name__]["examples"] = shown


def _remove_schemas_of_streams(document: dict[str, Any]) -> None:
    """FastAPI says of an event stream that it is a string, which tools take for each event."""
    for path in document["paths"].values():
        for operation in path.values():
            for answer in operation["responses"].values():
                answer.get("content", {}).get(EVENTS, {}).pop("schema", None)


def _remove_default_errors(document: dict[str, Any]) -> None:
    """FastAPI adds its own 422 to every route with a parameter that does not describe one; none answers it."""
    for path in document["paths"].values():
        for operation in path.values():
            if _DEFAULT_ERROR in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
    for name in (_DEFAULT_ERROR, "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def _add_refusals(document: dict[str, Any]) -> None:
    """Every call refuses parameters of the query that it does not have."""
    for path, operations in document["paths"].items():
        answers = protocol_error_answers(400) if speaks_a_protocol(path) else error_answers(422)
        for operation in operations.values():
            for status, answer in answers.items():
                operation["responses"].setdefault(str(status), answer)


def _remove_null_from_parameters(document: dict[str, Any]) -> None:
    """A parameter that may be left out is null for Python; a query or a header cannot say null."""
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                schema = parameter["schema"]
                kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
                if len(kinds) == 1:
                    del schema["anyOf"]
                    schema |= kinds[0]
