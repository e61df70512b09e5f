"""From a request's bytes to probabilities, on the event loop if that is quick, else in a thread.

A thread costs a tenth of a millisecond to hand over to and back, more than a small network's answer; but what
takes long would make all other requests wait.
"""

from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar

import anyio
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.http.fast_lane import DirectRequest, path_parameter
from api.http.ids import MODEL_NAME
from api.http.parameters import QueryFlag
from normlab.documents.identifiers import JOB_ID_PATTERN, MODEL_NAME_PATTERN
from normlab.errors import NotFoundError
from normlab.predictions.resolver import Batch, LoadedModel, ModelRef
from normlab.serving import refuse_other_scale
from normlab.spec.shown import quoted, short

_QUICK_BYTES = 512 * 1024
"""Of a body; JSON of this size takes about 5 ms to read."""
QUICK_MULTIPLICATIONS = 50_000_000
"""Of a batch; about 2 ms."""
_MAX_GATHERED_IMAGES = 8
"""A request with more gains nothing from others: its own images are a batch."""
_DECODED_AT_ONCE = 2
MAX_DIGITS = 18
"""Of a number in a path or header."""

P = ParamSpec("P")
T = TypeVar("T")

_decoding = anyio.CapacityLimiter(_DECODED_AT_ONCE)


_PATH_PARAMETERS = {
    "name": path_parameter(
        "name",
        "A model's name or a job's id.",
        MODEL_NAME,
        f"({JOB_ID_PATTERN}|{MODEL_NAME_PATTERN})",
    ),
    "version": path_parameter("version", "One of the name's versions.", "1", "[1-9][0-9]*"),
}


def path_parameters(path: str) -> list[dict[str, Any]]:
    """The OpenAPI document's part on the parameters of a protocol's path."""
    return [parameter for name, parameter in _PATH_PARAMETERS.items() if f"{{{name}}}" in path]


def ref_of_path(request: DirectRequest) -> ModelRef:
    """What a path with a ``name``, and perhaps a ``version``, asks for."""
    name, version = request.path_params["name"], request.path_params.get("version")
    if version is None:
        return ModelRef(name)
    if not version.isdecimal():
        raise HTTPException(400, f"{quoted(version)} is no version: versions are whole numbers from 1")
    if len(version) > MAX_DIGITS:  # Python reads no number of thousands of digits
        raise NotFoundError(f"there is no version {short(version)} of model {short(name)}")
    return ModelRef(name, int(version))


def find_model(request: DirectRequest, ref: ModelRef) -> Awaitable[LoadedModel]:
    """What answers; raises ``NotFoundError`` and ``StateError``."""
    return request.services.models.loaded(ref)


async def read_quickly(body: bytes, read: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """What ``read`` gives; in a thread when the body is large."""
    if len(body) <= _QUICK_BYTES:
        return read(*args, **options)
    return await run_in_threadpool(read, *args, **options)


async def decode(read: Callable[[], T]) -> T:
    """What ``read`` gives for images: in a thread, a few at a time, since a large one fills much memory."""
    return await anyio.to_thread.run_sync(read, limiter=_decoding)


class PixelOptions(BaseModel):
    """The query's parameters that every protocol has."""

    model_config = ConfigDict(extra="ignore")

    dark_images: QueryFlag = Field(
        default=False,
        description="Take images in which no value is above 1. They are refused otherwise: most such were divided by "
        "their largest value, which is part of the model.",
    )


def check_scale(loaded: LoadedModel, batch: Batch, options: PixelOptions, pointer: str = "") -> None:
    """Refuse values of another scale; raises ``InstancesError``. Those of a table have any."""
    if not options.dark_images and loaded.info.table is None:
        refuse_other_scale(batch, loaded.info.dataset.pixel_max, pointer)


async def infer(request: DirectRequest, loaded: LoadedModel, batch: Batch) -> Batch:
    """The network's probabilities (n, classes)."""
    work = len(batch) * loaded.info.multiplications
    if work > QUICK_MULTIPLICATIONS:
        return await run_in_threadpool(loaded.model, batch)
    if len(batch) > _MAX_GATHERED_IMAGES:
        return loaded.model(batch)
    return await request.services.batcher.run(loaded.model, batch, work)
