"""From a request's bytes to probabilities, on the event loop if that is quick, else in a thread.

A thread costs a tenth of a millisecond to hand over to and back, more than a small network's answer; but what
takes long would make all other requests wait.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.served_models import Asked, Batch, Served
from api.services import Services
from normlab.serving import Prediction, predict

_QUICK_BYTES = 512 * 1024
"""Of a body; JSON of this size takes about 5 ms to read."""
_QUICK_MULTIPLICATIONS = 50_000_000
"""Of a batch; about 2 ms."""
_DECODED_AT_ONCE = 2

T = TypeVar("T")

_decoding = anyio.CapacityLimiter(_DECODED_AT_ONCE)


def services_of(request: Request) -> Services:
    """What the process works with."""
    services: Services = request.app.state.services
    return services


async def find_served(request: Request, asked: Asked) -> Served:
    """What answers; raises ``NotFoundError`` and ``StateError``."""
    models = services_of(request).served
    served = models.at_hand(asked)
    return served if served is not None else await run_in_threadpool(models.find, asked)


async def read_quickly(body: bytes, read: Callable[[], T]) -> T:
    """What ``read`` gives; in a thread when the body is large."""
    return read() if len(body) <= _QUICK_BYTES else await run_in_threadpool(read)


async def decode(read: Callable[[], T]) -> T:
    """What ``read`` gives for pictures: in a thread, a few at a time, since a large one fills much memory."""
    return await anyio.to_thread.run_sync(read, limiter=_decoding)


async def infer(served: Served, batch: Batch) -> Batch:
    """The network's probabilities (n, classes)."""
    return await _quickly_if(served, batch, partial(served.model, batch))


async def classify(served: Served, batch: Batch, *, top_k: int = 0) -> list[Prediction]:
    """What the network says about each image."""
    classes = served.facts.dataset.classes
    return await _quickly_if(served, batch, partial(predict, served.model, batch, classes, top_k=top_k))


def _quickly_if(served: Served, batch: Batch, call: Callable[[], T]) -> Awaitable[T]:
    if len(batch) * served.facts.multiplications <= _QUICK_MULTIPLICATIONS:
        return _at_once(call)
    return run_in_threadpool(call)


async def _at_once(call: Callable[[], T]) -> T:
    return call()
