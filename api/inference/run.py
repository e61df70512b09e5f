"""From a request's bytes to probabilities, on the event loop if that is quick, else in a thread.

A thread costs a tenth of a millisecond to hand over to and back, more than a small network's answer; but what
takes long would make all other requests wait.
"""

from collections.abc import Callable
from typing import TypeVar

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.http.fast_lane import DirectRequest
from normlab.predictions.resolver import Batch, LoadedModel, ModelRef

_QUICK_BYTES = 512 * 1024
"""Of a body; JSON of this size takes about 5 ms to read."""
QUICK_MULTIPLICATIONS = 50_000_000
"""Of a batch; about 2 ms."""
_MAX_GATHERED_IMAGES = 8
"""A request with more gains nothing from others: its own images are a batch."""
_DECODED_AT_ONCE = 2
MAX_DIGITS = 18
"""Of a number in a path or header."""

T = TypeVar("T")

_decoding = anyio.CapacityLimiter(_DECODED_AT_ONCE)


def asked_of_path(request: DirectRequest) -> ModelRef:
    """What a path with a ``name``, and perhaps a ``version``, asks for."""
    version = request.path_params.get("version")
    # Python reads no number of thousands of digits.
    if version is not None and not (version.isdecimal() and len(version) <= MAX_DIGITS):
        raise HTTPException(400, f"{version!r} is no version: versions are whole numbers from 1")
    return ModelRef(request.path_params["name"], None if version is None else int(version))


async def find_served(request: DirectRequest, asked: ModelRef) -> LoadedModel:
    """What answers; raises ``NotFoundError`` and ``StateError``."""
    models = request.services.served
    served = models.cached(asked)
    return served if served is not None else await run_in_threadpool(models.find, asked)


async def read_quickly(body: bytes, read: Callable[[], T]) -> T:
    """What ``read`` gives; in a thread when the body is large."""
    return read() if len(body) <= _QUICK_BYTES else await run_in_threadpool(read)


async def decode(read: Callable[[], T]) -> T:
    """What ``read`` gives for images: in a thread, a few at a time, since a large one fills much memory."""
    return await anyio.to_thread.run_sync(read, limiter=_decoding)


async def infer(request: DirectRequest, served: LoadedModel, batch: Batch) -> Batch:
    """The network's probabilities (n, classes)."""
    work = len(batch) * served.facts.multiplications
    if work > QUICK_MULTIPLICATIONS:
        return await run_in_threadpool(served.model, batch)
    if len(batch) > _MAX_GATHERED_IMAGES:
        return served.model(batch)
    return await request.services.batcher.run(served.model, batch, work)
