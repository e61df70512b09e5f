"""``/v2``: the Open Inference Protocol, version 2, which KServe, Triton and MLServer speak.

https://github.com/kserve/open-inference-protocol, with Triton's extensions for binary tensors and the repository's
index. A model is a name, or the id of a job.
"""

from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool

from api.health import OK, check_database
from api.http import media_types
from api.http.fast_lane import (
    JSON,
    Answer,
    DirectRequest,
    DirectRoute,
    Endpoint,
    operation,
    query_parameters,
    read_options,
)
from api.http.ids import MODEL_NAME
from api.http.protocol_errors import protocol_error_answers
from api.inference import examples
from api.inference.run import (
    MAX_DIGITS,
    PixelOptions,
    check_scale,
    find_model,
    infer,
    path_parameters,
    read_quickly,
    ref_of_path,
)
from normlab import __version__
from normlab.errors import InstancesError
from normlab.predictions.resolver import LoadedModel
from normlab.serving import open_inference as protocol
from normlab.store.models import names as named_models

_HEADER_LENGTH = "Inference-Header-Content-Length"


async def live(_request: DirectRequest, _body: bytes) -> Answer:
    """The process answers."""
    return _json({"live": True})


async def ready(request: DirectRequest, _body: bytes) -> Answer:
    """The database answers and has its tables, so models can be found."""
    checks = await run_in_threadpool(check_database, request.services)
    wrong = [f"{name}: {result}" for name, result in checks.items() if result != OK]
    if wrong:
        return _json({"ready": False, "error": "; ".join(wrong)}, status=503)
    return _json({"ready": True})


async def server(_request: DirectRequest, _body: bytes) -> Answer:
    """Name, version and extensions."""
    return _json({"name": "normlab", "version": __version__, "extensions": list(protocol.EXTENSIONS)})


async def model(request: DirectRequest, _body: bytes) -> Answer:
    """What it takes and gives."""
    ref = ref_of_path(request)
    loaded = await find_model(request, ref)
    versions = ["1"] if ref.is_job else await run_in_threadpool(_versions, request, ref.name)
    return _json(
        {
            "name": ref.name,
            "versions": versions,
            "platform": "onnxruntime_onnx",
            "inputs": [protocol.tensor_metadata(loaded.model.input_name, loaded.info.dataset.shape)],
            "outputs": [
                protocol.tensor_metadata(loaded.model.output_name, (loaded.info.dataset.output_units,))
            ],
        }
    )


async def model_ready(request: DirectRequest, _body: bytes) -> Answer:
    """It can be asked."""
    ref = ref_of_path(request)
    await find_model(request, ref)
    return _json({"name": ref.name, "ready": True})


async def infer_route(request: DirectRequest, body: bytes) -> Answer:
    """Classify."""
    ref = ref_of_path(request)
    loaded = await find_model(request, ref)
    length = _header_length(request, body)
    inference = await read_quickly(body, _parse, request, loaded, body, length)
    check_scale(loaded, inference.batch, read_options(request, PixelOptions), "/inputs/0")
    probabilities = await infer(request, loaded, inference.batch)
    answer, header_length = protocol.answer(
        inference,
        probabilities,
        model=ref.name,
        version=str(loaded.info.version),
        name=loaded.model.output_name,
    )
    if header_length is None:
        return Answer(answer, JSON)
    return Answer(answer, media_types.BYTES.encode(), ((_HEADER_LENGTH.encode(), b"%d" % header_length),))


async def index(request: DirectRequest, _body: bytes) -> Answer:
    """Every version of every name; all are loaded when they are asked for, so all are ready."""
    models = await run_in_threadpool(_all_versions, request)
    return _json(
        [{"name": name, "version": version, "state": "READY", "reason": ""} for name, version in models]
    )


def _parse(
    request: DirectRequest, loaded: LoadedModel, body: bytes, length: int | None
) -> protocol.InferenceRequest:
    dataset = loaded.info.dataset
    return protocol.parse_request(
        body,
        length,
        input_name=loaded.model.input_name,
        output_name=loaded.model.output_name,
        shape=dataset.shape,
        pixel_max=loaded.pixel_max,
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


def _json(content: object, *, status: int = 200) -> Answer:
    return Answer(orjson.dumps(content), JSON, status=status)


def _route(
    path: str,
    endpoint: Endpoint,
    summary: str,
    *,
    method: str = "GET",
    description: str,
    example: object,
    body: dict[str, Any] | None = None,
    errors: tuple[int, ...] = (),
) -> DirectRoute:
    return DirectRoute(
        path,
        endpoint,
        method=method,
        operation=operation(
            summary=summary,
            description=description,
            tag="open inference protocol",
            parameters=[*path_parameters(path), *(query_parameters(PixelOptions) if body else [])],
            body=body,
            responses={
                200: {"description": f"{summary}.", "content": {media_types.JSON: {"example": example}}},
                **protocol_error_answers(*errors),
            },
        ),
    )


_INFER_BODY = {
    "required": True,
    "content": {
        media_types.JSON: {"schema": {"type": "object"}, "example": examples.INFER_REQUEST},
        media_types.BYTES: {"schema": {"type": "string", "format": "binary"}},
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
            errors=(400, 404, 409, 410, 413, 415, 500, 503),
        ),
        _route(
            prefix,
            model,
            "What a model takes and gives",
            description="Names, types and shapes of its input and output, and the name's versions.",
            example=examples.INFERENCE_MODEL,
            errors=(400, 404, 409, 410, 500, 503),
        ),
        _route(
            f"{prefix}/ready",
            model_ready,
            "Is a model ready?",
            description="Any other status than 200 says no.",
            example={"name": MODEL_NAME, "ready": True},
            errors=(400, 404, 409, 410, 500, 503),
        ),
    )


ROUTES = (
    *_of_model("/v2/models/{name}"),
    *_of_model("/v2/models/{name}/versions/{version}"),
    _route(
        "/v2/health/live",
        live,
        "Is the server alive?",
        description="200 as long as it answers.",
        example={"live": True},
    ),
    _route(
        "/v2/health/ready",
        ready,
        "Is the server ready?",
        description="200 when the database answers and has its tables, so that models can be found.",
        example={"ready": True},
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
