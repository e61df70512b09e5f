"""Requests that come at once -> one batch.

A network's weights are most of what one image costs: a megabyte that comes through the processor's caches for each
run, and drives out of them what the next request needs. So whoever asks for a few images waits for the event loop's
next turn, and all that have asked by then are answered by one run. Nobody waits for somebody to come: a request that
is alone is answered alone, a turn later.
"""

import asyncio
from collections import deque
from typing import NamedTuple

import numpy as np

from normlab.predictions.resolver import Batch
from normlab.serving import OnnxModel


class _Waiting(NamedTuple):
    model: OnnxModel
    batch: Batch
    work: int
    answer: asyncio.Future[Batch]


class MicroBatcher:
    """Runs networks on the event loop's own thread, for what is asked of the same one in the same turn together.

    ``max_work`` bounds one run, in multiplications: between two runs the loop may do other things.
    """

    def __init__(self, max_work: int) -> None:
        self._max_work = max_work
        self._waiting: deque[_Waiting] = deque()

    async def run(self, model: OnnxModel, batch: Batch, work: int) -> Batch:
        """Class probabilities (n, classes) of raw pixels (n, *shape); ``work`` is what it will cost."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._run_next, loop)
        answer: asyncio.Future[Batch] = loop.create_future()
        self._waiting.append(_Waiting(model, batch, work, answer))
        return await answer

    def _run_next(self, loop: asyncio.AbstractEventLoop) -> None:
        """One run, for the model that somebody has waited for longest."""
        together = self._take()
        batches = [item.batch for item in together]
        batch = np.concatenate(batches) if len(batches) > 1 else batches[0]
        try:
            rows = together[0].model(batch)
        except Exception as error:
            for item in together:
                if not item.answer.done():
                    item.answer.set_exception(error)
        else:
            start = 0
            for item in together:
                end = start + len(item.batch)
                if not item.answer.done():
                    item.answer.set_result(rows[start:end])
                start = end
        if self._waiting:
            loop.call_soon(self._run_next, loop)

    def _take(self) -> list[_Waiting]:
        first = self._waiting.popleft()
        together, others, work = [first], deque[_Waiting](), first.work
        while self._waiting:
            item = self._waiting.popleft()
            if item.model is first.model and work + item.work <= self._max_work:
                together.append(item)
                work += item.work
            else:
                others.append(item)
        self._waiting = others
        return together
