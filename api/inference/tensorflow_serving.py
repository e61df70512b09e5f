"""``/v1/models``: TensorFlow Serving's REST interface (https://www.tensorflow.org/tfx/serving/api_rest).

A model is a name, or the id of a job.
"""

from functools import partial
from typing import Any

import orjson

from api.http.fast_lane import JSON, Answer, DirectRequest, DirectRoute, Endpoint, operation, path_parameter
from api.http.ids import MODEL_NAME
from api.http.protocol_errors import plain_error, plain_error_answers
from api.inference import examples
from api.inference.run import asked_of_path, find_served, infer, read_quickly
from normlab.errors import InstancesError
from normlab.predictions.resolver import Batch, LoadedModel
from normlab.serving import images_of_lists, read_json
from normlab.serving.instances import may_hold_booleans

_JSON = "application/json"
_SIGNATURE = "serving_default"


async def status(request: DirectRequest, _body: bytes) -> Answer:
    """Whether the model can be asked."""
    served = await find_served(request, asked_of_path(request))
    state = {
        "version": str(served.facts.version),
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }
    return _json({"model_version_status": [state]})


async def metadata(request: DirectRequest, _body: bytes) -> Answer:
    """Its signature."""
    asked = asked_of_path(request)
    served = await find_served(request, asked)
    facts, model = served.facts, served.model
    signature = {
        "inputs": {model.input_name: _tensor(model.input_name, facts.dataset.shape)},
        "outputs": {model.output_name: _tensor(model.output_name, (len(facts.dataset.classes),))},
        "method_name": "tensorflow/serving/predict",
    }
    return _json(
        {
            "model_spec": {"name": asked.name, "signature_name": "", "version": str(facts.version)},
            "metadata": {"signature_def": {"signature_def": {_SIGNATURE: signature}}},
        }
    )


async def predict(request: DirectRequest, body: bytes) -> Answer:
    """Probabilities, in rows or columns as they were asked for."""
    served = await find_served(request, asked_of_path(request))
    most = request.services.settings.max_instances
    batch, key = await read_quickly(body, partial(_parse, served, body, most))
    content = {key: await infer(request, served, batch)}
    return Answer(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), JSON)


def _parse(served: LoadedModel, body: bytes, most: int) -> tuple[Batch, str]:
    """The images, and under which key to answer."""
    document = read_json(body)
    if not isinstance(document, dict):
        raise InstancesError('the body must be an object such as {"instances": [[0, 0, 255, ...]]}')
    if document.get("signature_name", _SIGNATURE) not in (_SIGNATURE, ""):
        raise InstancesError(f"the model has one signature, {_SIGNATURE}", "/signature_name")
    if ("instances" in document) == ("inputs" in document):
        raise InstancesError("the body must have either instances (rows) or inputs (columns)")
    name = served.model.input_name
    if "instances" in document:
        given, pointer, key = document["instances"], "/instances", "predictions"
        if isinstance(given, list) and given and all(isinstance(item, dict) for item in given):
            given = [_named(item, name, f"{pointer}/{place}") for place, item in enumerate(given)]
    else:
        given, pointer, key = document["inputs"], "/inputs", "outputs"
        if isinstance(given, dict):
            given, pointer = _named(given, name, pointer), f"{pointer}/{name}"
    parse = partial(images_of_lists, pointer=pointer, may_hold_booleans=may_hold_booleans(body))
    return served.parse(parse, given, most), key


def _named(item: dict[str, Any], name: str, pointer: str) -> Any:
    if item.keys() != {name}:
        raise InstancesError(f"the model has one input, {name}", pointer)
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
    parameters = [path_parameter("name", "A model's name or a job's id.", MODEL_NAME)]
    if "{version}" in path:
        parameters.append(path_parameter("version", "One of the name's versions.", "1"))
    answer = {"description": f"{summary}.", "content": {_JSON: {"example": example}}}
    return DirectRoute(
        path,
        endpoint,
        method=method,
        operation=operation(
            summary=summary,
            description=description,
            tag="tensorflow serving",
            parameters=parameters,
            body=body,
            responses={200: answer, **plain_error_answers(400, 404, 409, 413, 503)},
        ),
        error_answer=plain_error,
    )


_BODY = {
    "required": True,
    "content": {_JSON: {"schema": {"type": "object"}, "example": examples.PREDICT_REQUEST}},
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
