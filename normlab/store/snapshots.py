"""Postgres's snapshots as a number of changes.

``pg_current_snapshot()`` says which transactions are over: the next number to be given, and those that are under way.
As long as it stays, the same rows are seen, whoever writes from wherever. It touches no table, and a pooler may stand
between.

Asking takes some 50 microseconds, most of which is waiting. So the event loop itself drives libpq: psycopg's cursors
would take longer than the server.
"""

import asyncio
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

LOOK_SECONDS = 1.0
"""A look that takes longer has failed: whoever waits for it asks the database for what it needs."""
RECONNECT_SECONDS = 1.0
"""Between two attempts to connect."""

_QUESTION = b"SELECT pg_current_snapshot()"


class PostgresChanges:
    """A connection of its own, made when somebody first looks; one question is under way at a time."""

    # Whoever looks while a question is under way may have come after the server has answered it.
    is_current = False

    def __init__(self, engine: Engine) -> None:
        self.number: bytes | None = None
        self._engine = engine
        self._connection: psycopg.Connection[Any] | None = None
        self._opened: psycopg.Connection[Any] | None = None
        self._is_closed = False
        self._socket = -1
        self._connecting: asyncio.Task[None] | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._asked: list[asyncio.Future[None]] = []
        self._too_late: asyncio.TimerHandle | None = None

    async def look(self) -> None:
        """Wait for the answer to a question that is asked after this call; without a connection there is none."""
        loop = asyncio.get_running_loop()
        if self._connection is None:
            if self._connecting is None:
                self._connecting = loop.create_task(self._connect(loop))
            return
        if not self._waiting and not self._asked:
            loop.call_soon(self._ask, loop)  # whoever comes in this turn of the loop shares it
        answer = loop.create_future()
        self._waiting.append(answer)
        await answer

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._connection = connection = await asyncio.to_thread(self._open)
        except SQLAlchemyError:
            await asyncio.sleep(RECONNECT_SECONDS)
        else:
            self._socket = connection.fileno()  # a lost one does not say it any more
            loop.add_reader(self._socket, self._read, loop)
        finally:
            self._connecting = None

    def _open(self) -> psycopg.Connection[Any]:
        connection = self._engine.connect()
        driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]  # it is psycopg's
        connection.detach()
        self._opened = driver
        if self._is_closed:  # meanwhile: nobody else knows of it
            driver.close()
        return driver

    def _ask(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._connection is None or self._asked or not self._waiting:
            return
        self._asked, self._waiting = self._waiting, []
        self._too_late = loop.call_later(LOOK_SECONDS, self._give_up, loop)
        try:
            self._connection.pgconn.send_query(_QUESTION)
            self._connection.pgconn.flush()
        except psycopg.OperationalError:
            self._give_up(loop)

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take what the server has sent."""
        assert self._connection is not None  # noqa: S101 - nothing is read without one
        pgconn = self._connection.pgconn
        try:
            pgconn.consume_input()
            while not pgconn.is_busy():
                result = pgconn.get_result()
                if result is None:
                    self._answer(loop)
                    return
                if result.status != ExecStatus.TUPLES_OK:  # the server ends the session
                    self._give_up(loop)
                    return
                self.number = result.get_value(0, 0)
        except psycopg.OperationalError:
            self._give_up(loop)

    def _answer(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._too_late is not None:
            self._too_late.cancel()
        asked, self._asked = self._asked, []
        for answer in asked:
            if not answer.done():
                answer.set_result(None)
        if self._waiting:
            loop.call_soon(self._ask, loop)

    def _give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close the connection; nothing is known until there is another one."""
        connection, self._connection, self.number = self._connection, None, None
        if connection is not None:
            loop.remove_reader(self._socket)
            connection.close()
        self._asked, self._waiting = [*self._asked, *self._waiting], []
        self._answer(loop)

    def close(self) -> None:
        """Close the connection, one that is just being made as well."""
        self._is_closed = True
        if self._connecting is not None:
            self._connecting.cancel()
        self._give_up(asyncio.get_running_loop())
        if self._opened is not None:
            self._opened.close()
