"""``/v1/models``: TensorFlow Serving's REST interface (https://www.tensorflow.org/tfx/serving/api_rest).

A model is a name, or the id of a job.
"""

from functools import partial
from typing import Any

import orjson

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
from api.http.protocol_errors import protocol_error_answers
from api.inference import examples
from api.inference.run import (
    PixelOptions,
    check_scale,
    find_model,
    infer,
    path_parameters,
    read_quickly,
    ref_of_path,
)
from normlab.errors import InstancesError
from normlab.predictions.resolver import Batch, LoadedModel
from normlab.serving import decoded_rows, images_of_lists, read_json
from normlab.serving.instances import max_values, may_hold_booleans
from normlab.serving.rows import BY_NAMES

_SIGNATURE = "serving_default"


async def status(request: DirectRequest, _body: bytes) -> Answer:
    """Whether the model can be asked: as TensorFlow Serving says it, and beside that as KServe's protocol 1 does."""
    ref = ref_of_path(request)
    loaded = await find_model(request, ref)
    state = {
        "version": str(loaded.info.version),
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }
    return _json({"name": ref.name, "ready": True, "model_version_status": [state]})


async def metadata(request: DirectRequest, _body: bytes) -> Answer:
    """Its signature."""
    ref = ref_of_path(request)
    loaded = await find_model(request, ref)
    info, model = loaded.info, loaded.model
    signature = {
        "inputs": {model.input_name: _tensor(model.input_name, info.dataset.shape)},
        "outputs": {model.output_name: _tensor(model.output_name, (info.dataset.output_units,))},
        "method_name": "tensorflow/serving/predict",
    }
    return _json(
        {
            "model_spec": {"name": ref.name, "signature_name": "", "version": str(info.version)},
            "metadata": {"signature_def": {"signature_def": {_SIGNATURE: signature}}},
        }
    )


async def predict(request: DirectRequest, body: bytes) -> Answer:
    """Probabilities, in rows or columns as they were asked for."""
    loaded = await find_model(request, ref_of_path(request))
    max_instances = request.services.settings.max_instances
    batch, key = await read_quickly(body, _parse, loaded, body, max_instances)
    check_scale(loaded, batch, read_options(request, PixelOptions))
    content = {key: await infer(request, loaded, batch)}
    return Answer(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), JSON)


def _parse(loaded: LoadedModel, body: bytes, max_instances: int) -> tuple[Batch, str]:
    """The images, and under which key to answer."""
    shape = loaded.info.dataset.shape
    document = read_json(body, max_values(shape, max_instances))
    if not isinstance(document, dict):
        raise InstancesError('the body must be an object such as {"instances": [[0, 0, 255, ...]]}')
    if document.get("signature_name", _SIGNATURE) not in (_SIGNATURE, ""):
        raise InstancesError(f"the model has one signature, {_SIGNATURE}", "/signature_name")
    if ("instances" in document) == ("inputs" in document):
        raise InstancesError("the body must have either instances (rows) or inputs (columns)")
    name = loaded.model.input_name
    if "instances" in document:
        given, pointer, key = document["instances"], "/instances", "predictions"
        if isinstance(given, list) and given and all(isinstance(item, dict) for item in given):
            given = [_named(item, loaded, f"{pointer}/{place}") for place, item in enumerate(given)]
    else:
        given, pointer, key = document["inputs"], "/inputs", "outputs"
        if isinstance(given, dict):
            given, pointer = _named(given, loaded, pointer), f"{pointer}/{name}"
    if loaded.info.table is not None:
        return decoded_rows(given, columns=shape[0], max_instances=max_instances, pointer=pointer), key
    parse = partial(images_of_lists, pointer=pointer, may_hold_booleans=may_hold_booleans(body))
    return loaded.parse(parse, given, max_instances), key


def _named(item: dict[str, Any], loaded: LoadedModel, pointer: str) -> Any:
    name = loaded.model.input_name
    if item.keys() != {name}:
        rows = "" if loaded.info.table is None else f", of decoded rows; {BY_NAMES}"
        raise InstancesError(f"the model has one input, {name}{rows}", pointer)
    return item[name]


def _tensor(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    sizes = [{"size": str(size), "name": ""} for size in (-1, *shape)]
    return {
        "dtype": "DT_FLOAT",
        "tensor_shape": {"dim": sizes, "unknown_rank": False},
        "name": f"{_SIGNATURE}_{name}:0",
    }


def _json(content: object) -> Answer:
    return Answer(orjson.dumps(content), JSON)


def _route(
    path: str,
    endpoint: Endpoint,
    summary: str,
    description: str,
    *,
    example: object,
    method: str = "GET",
    body: dict[str, Any] | None = None,
) -> DirectRoute:
    answer = {"description": f"{summary}.", "content": {media_types.JSON: {"example": example}}}
    return DirectRoute(
        path,
        endpoint,
        method=method,
        operation=operation(
            summary=summary,
            description=description,
            tag="tensorflow serving",
            parameters=[*path_parameters(path), *(query_parameters(PixelOptions) if body else [])],
            body=body,
            responses={200: answer, **protocol_error_answers(400, 404, 409, 410, 413, 415, 500, 503)},
        ),
    )


_BODY = {
    "required": True,
    "content": {media_types.JSON: {"schema": {"type": "object"}, "example": examples.PREDICT_REQUEST}},
}


def _of_model(prefix: str) -> tuple[DirectRoute, ...]:
    return (
        _route(
            f"{prefix}:predict",
            predict,
            "Predict",
            "Raw pixels as `instances`, one after the other, or as `inputs`, one tensor.",
            method="POST",
            body=_BODY,
            example=examples.PREDICT_ANSWER,
        ),
        _route(
            f"{prefix}/metadata",
            metadata,
            "A model's signature",
            "What it takes and gives, as TensorFlow describes it.",
            example=examples.SIGNATURE,
        ),
        _route(
            prefix,
            status,
            "A model's status",
            "The version that answers, and that it is available.",
            example=examples.STATUS,
        ),
    )


ROUTES = (
    *_of_model("/v1/models/{name}/versions/{version}"),
    *_of_model("/v1/models/{name}"),
)
