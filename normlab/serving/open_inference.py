"""The Open Inference Protocol's requests and answers, as JSON and with tensors as bytes behind it.

The protocol: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md;
the bytes: https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md.
A model has one input, raw pixels (n, *shape) or (n, pixels) or rows of a table (n, columns), and one output, float32
probabilities (n, classes).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from normlab.errors import InstancesError
from normlab.serving.arrays import pixels_of
from normlab.serving.instances import images_of_lists, max_values, may_hold_booleans, read_json
from normlab.serving.rows import decoded_rows

EXTENSIONS = ("binary_tensor_data", "model_repository")

_DTYPES = {
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}

_INPUT = "/inputs/0"


@dataclass(frozen=True)
class InferenceRequest:
    """What was asked: a batch (n, *shape) float32, and how to answer."""

    batch: npt.NDArray[np.float32]
    id: str | None
    binary: bool


def tensor_metadata(name: str, shape: Sequence[int]) -> dict[str, Any]:
    """How the protocol describes an input or output; the batch is of any size."""
    return {"name": name, "datatype": "FP32", "shape": [-1, *shape]}


def parse_request(
    body: bytes,
    json_length: int | None,
    *,
    input_name: str,
    output_name: str,
    shape: tuple[int, ...],
    pixel_max: int | None,
    max_instances: int,
) -> InferenceRequest:
    """A request's body, whose first ``json_length`` bytes are JSON (all of them if None) and the rest the tensor.

    Without a ``pixel_max`` it is rows of a table in their decoded form. Raises :class:`InstancesError` with a pointer
    to what is wrong.
    """
    head = body if json_length is None else body[:json_length]
    document = read_json(head, max_values(shape, max_instances))
    tensor = b"" if json_length is None else body[json_length:]
    if not isinstance(document, dict):
        raise InstancesError('the body must be an object such as {"inputs": [{"name": …, "data": […]}]}')
    request_id = document.get("id")
    if request_id is not None and not isinstance(request_id, str):
        raise InstancesError("id must be a string", "/id")
    given = _only_input(document.get("inputs"), input_name)
    limits: dict[str, Any] = {"shape": shape, "pixel_max": pixel_max, "max_instances": max_instances}
    sizes = _sizes(given.get("shape"), shape)
    dtype = _dtype(given.get("datatype"))
    binary_size = _parameter(given, "binary_data_size", _INPUT)
    if binary_size is None:
        booleans = may_hold_booleans(body)
        batch = _from_json(given, sizes, tensor, {**limits, "may_hold_booleans": booleans})
    else:
        batch = _from_bytes(tensor, binary_size, sizes, dtype, limits)
    return InferenceRequest(batch, request_id, _wants_binary(document, output_name))


def answer(
    request: InferenceRequest,
    probabilities: npt.NDArray[np.float32],
    *,
    model: str,
    version: str,
    name: str,
) -> tuple[bytes, int | None]:
    """The answer's body, and the length of its JSON part if the tensor follows it as bytes."""
    output: dict[str, Any] = {"name": name, "datatype": "FP32", "shape": list(probabilities.shape)}
    document: dict[str, Any] = {"model_name": model, "model_version": version, "outputs": [output]}
    if request.id is not None:
        document["id"] = request.id
    if not request.binary:
        output["data"] = probabilities.reshape(-1)
        return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY), None
    tensor = probabilities.astype("<f4", copy=False).tobytes()
    output["parameters"] = {"binary_data_size": len(tensor)}
    head = orjson.dumps(document)
    return head + tensor, len(head)


def _only_input(inputs: Any, name: str) -> dict[str, Any]:
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise InstancesError(f"inputs must be a list of one tensor, {name}", "/inputs")
    given: dict[str, Any] = inputs[0]
    if given.get("name") != name:
        raise InstancesError(f"the model's input is called {name}", f"{_INPUT}/name")
    return given


def _sizes(given: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that the request names."""
    pixels = math.prod(shape)
    whole = isinstance(given, list) and bool(given) and all(type(size) is int and size >= 0 for size in given)
    if not whole or tuple(given[1:]) not in (shape, (pixels,)):
        raise InstancesError(
            f"shape must be {['n', *shape]} or {['n', pixels]}".replace("'", ""), f"{_INPUT}/shape"
        )
    if given[0] == 0:
        raise InstancesError("the tensor is empty: send at least one image", f"{_INPUT}/shape")
    return tuple(given)


def _dtype(datatype: Any) -> np.dtype[Any]:
    if not isinstance(datatype, str) or datatype not in _DTYPES:
        raise InstancesError(f"datatype must be one of {', '.join(_DTYPES)}", f"{_INPUT}/datatype")
    return np.dtype(_DTYPES[datatype])


def _from_json(
    given: dict[str, Any], sizes: tuple[int, ...], tensor: bytes, limits: dict[str, Any]
) -> npt.NDArray[np.float32]:
    if tensor:
        raise InstancesError("bytes follow the JSON, but no input has the parameter binary_data_size", _INPUT)
    data: Any = given.get("data")
    pointer = f"{_INPUT}/data"
    if isinstance(data, np.ndarray):
        flat = data.ndim == 1
    else:
        flat = isinstance(data, list) and bool(data) and not isinstance(data[0], list)
    if flat:
        # The protocol's usual form: all numbers of all images in one list.
        count = math.prod(sizes)
        if len(data) != count:
            raise InstancesError(f"data has {len(data)} numbers, but the shape says {count}", pointer)
        data = _in_rows(data, count // sizes[0])
    if limits["pixel_max"] is None:
        rows = {"columns": limits["shape"][0], "max_instances": limits["max_instances"]}
        batch = decoded_rows(data, pointer=pointer, **rows)
    else:
        batch = images_of_lists(data, pointer=pointer, **limits)
    if len(batch) != sizes[0]:
        raise InstancesError(f"data has {len(batch)} images, but the shape says {sizes[0]}", pointer)
    return batch


def _in_rows(data: Any, pixels: int) -> Any:
    if isinstance(data, np.ndarray):
        return data.reshape(-1, pixels)
    return [data[start : start + pixels] for start in range(0, len(data), pixels)]


def _from_bytes(
    tensor: bytes, size: Any, sizes: tuple[int, ...], dtype: np.dtype[Any], limits: dict[str, Any]
) -> npt.NDArray[np.float32]:
    pointer = f"{_INPUT}/parameters/binary_data_size"
    expected = math.prod(sizes) * dtype.itemsize
    if type(size) is not int or size != len(tensor):
        raise InstancesError(
            f"binary_data_size must be the {len(tensor)} bytes that follow the JSON", pointer
        )
    if size != expected:
        raise InstancesError(f"shape and datatype make {expected} bytes, but {size} were sent", pointer)
    return pixels_of(np.frombuffer(tensor, dtype).reshape(sizes), pointer=_INPUT, **limits)


def _wants_binary(document: dict[str, Any], output_name: str) -> bool:
    """Whether the output is to be bytes: as the output says, else as the request does."""
    wanted = _parameter(document, "binary_data_output", "")
    outputs = document.get("outputs")
    if outputs is not None and outputs != []:  # none named means all
        if not isinstance(outputs, list) or len(outputs) != 1 or not isinstance(outputs[0], dict):
            raise InstancesError(f"outputs must be a list of one tensor, {output_name}, or empty", "/outputs")
        if outputs[0].get("name") != output_name:
            raise InstancesError(f"the model's output is called {output_name}", "/outputs/0/name")
        if _parameter(outputs[0], "classification", "/outputs/0") is not None:
            raise InstancesError(
                "the classification extension is not supported: ask for the probabilities",
                "/outputs/0/parameters",
            )
        own = _parameter(outputs[0], "binary_data", "/outputs/0")
        wanted = wanted if own is None else own
    if not isinstance(wanted, bool | None):
        raise InstancesError("binary_data_output and binary_data are true or false", "/parameters")
    return bool(wanted)


def _parameter(item: dict[str, Any], name: str, pointer: str) -> Any:
    parameters = item.get("parameters")
    if parameters is None:
        return None
    if not isinstance(parameters, dict):
        raise InstancesError("parameters must be an object", f"{pointer}/parameters")
    return parameters.get(name)
