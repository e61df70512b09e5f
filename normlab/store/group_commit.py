"""Writes that come at the same time become one transaction: each is durable, and they share what that costs."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from normlab.store.availability import is_unavailable
from normlab.store.database import Database
from normlab.store.driver import DriverTransaction

MAX_TOGETHER = 100
"""So many requests are written in one transaction: others who write wait that long at most."""
_STOP_SECONDS = 5
"""How long what still waits may take when the process ends."""

Request = TypeVar("Request")
Answer = TypeVar("Answer")
Write = Callable[[DriverTransaction, Sequence[Request]], Sequence[Answer | Exception]]
"""Writes all requests in one transaction and gives each one's answer, or what it is refused with: such a request has
changed nothing. What it raises undoes all of them."""


@dataclass(frozen=True)
class _Waiting(Generic[Request, Answer]):
    request: Request
    answer: asyncio.Future[Answer]


class GroupCommit(Generic[Request, Answer]):
    """A thread that has whatever waits written in one transaction, in the order of coming.

    Nobody waits for others to come: who is alone is written alone, and who comes meanwhile is in the next transaction.
    """

    def __init__(self, database: Database, write: Write[Request, Answer]) -> None:
        self._database = database
        self._write = write
        self._queue = SimpleQueue[_Waiting[Request, Answer] | None]()
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
        self._thread.start()

    async def submit(self, request: Request) -> Answer:
        """The request's answer, once it is committed; whoever stops waiting does not undo the request."""
        waiting = _Waiting[Request, Answer](request, asyncio.get_running_loop().create_future())
        self._queue.put(waiting)
        return await waiting.answer

    def close(self) -> None:
        """Write what waits, and end."""
        self._queue.put(None)
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        ended = False
        while not ended:
            taken = [self._queue.get()]
            with suppress(Empty):
                while len(taken) < MAX_TOGETHER:
                    taken.append(self._queue.get_nowait())
            ended = taken[-1] is None  # nothing comes behind it
            if together := [waiting for waiting in taken if waiting is not None]:
                self._commit(together)

    def _commit(self, together: Sequence[_Waiting[Request, Answer]]) -> None:
        answers: Sequence[Answer | Exception]
        try:
            with self._database.writing() as connection:
                answers = self._write(connection, [waiting.request for waiting in together])
        except Exception as error:
            if len(together) > 1 and not is_unavailable(error):
                for waiting in together:  # one of them is at fault, and is to fail alone
                    self._commit([waiting])
                return
            answers = [error] * len(together)
        loop = together[0].answer.get_loop()
        loop.call_soon_threadsafe(_deliver, together, answers)


def _deliver(together: Sequence[_Waiting[Request, Answer]], answers: Sequence[Answer | Exception]) -> None:
    for waiting, answer in zip(together, answers, strict=True):
        if waiting.answer.done():
            continue  # nobody waits any more
        if isinstance(answer, Exception):
            waiting.answer.set_exception(answer)
        else:
            waiting.answer.set_result(answer)
