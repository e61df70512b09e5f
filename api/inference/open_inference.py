"""``/v2``: the Open Inference Protocol, version 2, which KServe, Triton and MLServer speak.

https://github.com/kserve/open-inference-protocol, with Triton's extensions for binary tensors and the repository's
index. A model is a name, or the id of a job.
"""

from functools import partial
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.http.fast_lane import JSON, Answer, DirectRequest, DirectRoute, Endpoint, operation, path_parameter
from api.http.ids import MODEL_NAME
from api.http.protocol_errors import plain_error, plain_error_answers
from api.inference import examples
from api.inference.run import MAX_DIGITS, asked_of_path, find_served, infer, read_quickly
from normlab import __version__
from normlab.errors import InstancesError
from normlab.predictions.resolver import LoadedModel
from normlab.serving import open_inference as protocol
from normlab.store.models import names as named_models

_JSON = "application/json"
_HEADER_LENGTH = "Inference-Header-Content-Length"


async def live(_request: DirectRequest, _body: bytes) -> Answer:
    """The process answers."""
    return Answer()


async def ready(request: DirectRequest, _body: bytes) -> Answer:
    """The database answers, so models can be found."""
    await run_in_threadpool(request.services.database.ping)
    return Answer()


async def server(_request: DirectRequest, _body: bytes) -> Answer:
    """Name, version and extensions."""
    return _json({"name": "normlab", "version": __version__, "extensions": list(protocol.EXTENSIONS)})


async def model(request: DirectRequest, _body: bytes) -> Answer:
    """What it takes and gives."""
    asked = asked_of_path(request)
    served = await find_served(request, asked)
    versions = ["1"] if asked.is_job else await run_in_threadpool(_versions, request, asked.name)
    return _json(
        {
            "name": asked.name,
            "versions": versions,
            "platform": "onnxruntime_onnx",
            "inputs": [protocol.tensor_metadata(served.model.input_name, served.facts.dataset.shape)],
            "outputs": [
                protocol.tensor_metadata(served.model.output_name, (len(served.facts.dataset.classes),))
            ],
        }
    )


async def model_ready(request: DirectRequest, _body: bytes) -> Answer:
    """It can be asked."""
    asked = asked_of_path(request)
    await find_served(request, asked)
    return _json({"name": asked.name, "ready": True})


async def infer_route(request: DirectRequest, body: bytes) -> Answer:
    """Classify."""
    asked = asked_of_path(request)
    served = await find_served(request, asked)
    if request.header(b"content-encoding") not in ("", "identity"):
        raise HTTPException(415, "send the body as it is: compressed ones are not read here")
    length = _header_length(request, body)
    asked_for = await read_quickly(body, partial(_parse, request, served, body, length))
    probabilities = await infer(request, served, asked_for.batch)
    answer, header_length = protocol.answer(
        asked_for,
        probabilities,
        model=asked.name,
        version=str(served.facts.version),
        name=served.model.output_name,
    )
    if header_length is None:
        return Answer(answer, JSON)
    return Answer(answer, b"application/octet-stream", ((_HEADER_LENGTH.encode(), b"%d" % header_length),))


async def index(request: DirectRequest, _body: bytes) -> Answer:
    """Every version of every name; all are loaded when they are asked for, so all are ready."""
    models = await run_in_threadpool(_all_versions, request)
    return _json(
        [{"name": name, "version": version, "state": "READY", "reason": ""} for name, version in models]
    )


def _parse(
    request: DirectRequest, served: LoadedModel, body: bytes, length: int | None
) -> protocol.InferenceRequest:
    dataset = served.facts.dataset
    return protocol.parse_request(
        body,
        length,
        input_name=served.model.input_name,
        output_name=served.model.output_name,
        shape=dataset.shape,
        pixel_max=dataset.pixel_max,
        max_instances=request.services.settings.max_instances,
    )


def _header_length(request: DirectRequest, body: bytes) -> int | None:
    """How many bytes of the body are JSON, when tensors follow."""
    given = request.header(_HEADER_LENGTH.lower().encode())
    if not given:
        return None
    if not given.isdecimal() or len(given) > MAX_DIGITS or int(given) > len(body):
        raise InstancesError(
            f"{_HEADER_LENGTH} must be the length of the body's JSON part, at most {len(body)}"
        )
    return int(given)


def _versions(request: DirectRequest, name: str) -> list[str]:
    with request.services.database.read() as session:
        return [str(item.version) for item in named_models.get(session, name).versions]


def _all_versions(request: DirectRequest) -> list[tuple[str, str]]:
    with request.services.database.read() as session:
        return [(item.name, str(item.version)) for item in named_models.all_versions(session)]


def _json(content: object) -> Answer:
    return Answer(orjson.dumps(content), JSON)


def _route(
    path: str,
    endpoint: Endpoint,
    summary: str,
    *,
    method: str = "GET",
    description: str,
    example: object = None,
    body: dict[str, Any] | None = None,
    errors: tuple[int, ...] = (),
) -> DirectRoute:
    parameters = []
    if "{name}" in path:
        parameters.append(path_parameter("name", "A model's name or a job's id.", MODEL_NAME))
    if "{version}" in path:
        parameters.append(path_parameter("version", "One of the name's versions.", "1"))
    content = {} if example is None else {"content": {_JSON: {"example": example}}}
    return DirectRoute(
        path,
        endpoint,
        method=method,
        operation=operation(
            summary=summary,
            description=description,
            tag="open inference protocol",
            parameters=parameters,
            body=body,
            responses={200: {"description": summary + ".", **content}, **plain_error_answers(*errors)},
        ),
        error_answer=plain_error,
    )


_INFER_BODY = {
    "required": True,
    "content": {
        _JSON: {"schema": {"type": "object"}, "example": examples.INFER_REQUEST},
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}


def _of_model(prefix: str) -> tuple[DirectRoute, ...]:
    return (
        _route(
            f"{prefix}/infer",
            infer_route,
            "Infer",
            method="POST",
            description=(
                "Raw pixels as a tensor, its data flat or nested, or as bytes behind the JSON (Triton's extension for "
                "binary tensors, with the header `Inference-Header-Content-Length`)."
            ),
            example=examples.INFER_ANSWER,
            body=_INFER_BODY,
            errors=(400, 404, 409, 413, 415, 503),
        ),
        _route(
            prefix,
            model,
            "What a model takes and gives",
            description="Names, types and shapes of its input and output, and the name's versions.",
            example=examples.INFERENCE_MODEL,
            errors=(400, 404, 409, 503),
        ),
        _route(
            f"{prefix}/ready",
            model_ready,
            "Is a model ready?",
            description="Any other status than 200 says no.",
            example={"name": MODEL_NAME, "ready": True},
            errors=(400, 404, 409, 503),
        ),
    )


ROUTES = (
    *_of_model("/v2/models/{name}"),
    *_of_model("/v2/models/{name}/versions/{version}"),
    _route("/v2/health/live", live, "Is the server alive?", description="200 as long as it answers."),
    _route(
        "/v2/health/ready",
        ready,
        "Is the server ready?",
        description="200 when the database answers, so that models can be found.",
        errors=(503,),
    ),
    _route(
        "/v2",
        server,
        "What the server speaks",
        description="Its name, version, and the protocol's extensions that it knows.",
        example={"name": "normlab", "version": __version__, "extensions": list(protocol.EXTENSIONS)},
    ),
    _route(
        "/v2/repository/index",
        index,
        "List the models",
        method="POST",
        description="Every version of every name (Triton's extension for model repositories).",
        example=[{"name": MODEL_NAME, "version": "1", "state": "READY", "reason": ""}],
        errors=(503,),
    ),
)
