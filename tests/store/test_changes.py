"""The number by which a process knows that what it has read is still so."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text

from normlab.store import Database
from normlab.store.changes import Changes, changes_of
from normlab.store.jobs import jobs
from normlab.store.snapshots import PostgresChanges


def looking(database: Database, what: Callable[[Changes], Awaitable[None]]) -> None:
    """Run it with a counter that can tell."""

    async def run() -> None:
        changes = changes_of(database)
        until = time.monotonic() + 30
        while changes.number is None:
            assert time.monotonic() < until
            await changes.look()
            await asyncio.sleep(0.01)
        await what(changes)
        changes.close()

    asyncio.run(run())


async def number(changes: Changes) -> object:
    await asyncio.sleep(0)  # the next turn
    await changes.look()
    return changes.number


def test_every_commit_of_anybody_changes_it_and_nothing_else_does(database, make_spec):
    async def watch(changes: Changes) -> None:
        seen = [await number(changes)]
        for _ in range(20):
            with database.read() as session:
                session.execute(text("SELECT count(*) FROM jobs"))
            assert await number(changes) == seen[-1]
            with database.write() as session:
                jobs.create(session, make_spec())
            assert await number(changes) not in seen
            seen.append(changes.number)

    looking(database, watch)


def test_all_that_look_in_one_turn_share_one_question_and_later_ones_have_their_own(
    postgres_database, make_spec, monkeypatch
):
    async def watch(changes: Changes) -> None:
        asked: list[int] = []
        ask = changes._ask
        monkeypatch.setattr(changes, "_ask", lambda loop: asked.append(1) or ask(loop))
        await asyncio.gather(*(changes.look() for _ in range(10)))
        assert len(asked) == 1
        before = changes.number
        first = asyncio.create_task(changes.look())
        while len(asked) < 2:
            await asyncio.sleep(0)
        with (
            postgres_database.write() as session
        ):  # the question is under way: its answer may not know of this
            jobs.create(session, make_spec())
        await changes.look()
        assert first.done()
        assert len(asked) == 3
        assert changes.number != before

    looking(postgres_database, watch)


def test_who_stops_waiting_takes_nobody_else_along(postgres_database):
    async def watch(changes: Changes) -> None:
        tasks = [asyncio.create_task(changes.look()) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        await asyncio.gather(*tasks[1:])
        assert changes.number is not None

    looking(postgres_database, watch)


def test_a_connection_that_the_server_ends_is_made_anew(postgres_database):
    end = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND query LIKE '%pg_current_snapshot%'"
    )

    async def watch(changes: Changes) -> None:
        with postgres_database.read() as session:
            assert session.execute(end).scalars().all() == [True]
        until = time.monotonic() + 30
        while await number(changes) is not None:  # it may answer once more
            assert time.monotonic() < until
        while await number(changes) is None:
            assert time.monotonic() < until

    looking(postgres_database, watch)


def test_a_connection_that_is_just_being_made_is_closed_with_the_rest(postgres_database):
    async def close_at_once() -> PostgresChanges:
        changes = PostgresChanges(postgres_database.engine)
        await changes.look()
        await asyncio.sleep(0)
        changes.close()
        return changes

    changes = asyncio.run(close_at_once())  # which waits for the thread that connects
    assert changes._opened is None or changes._opened.closed


def test_a_server_that_does_not_answer_is_not_waited_for(postgres_database, monkeypatch):
    monkeypatch.setattr("normlab.store.snapshots.LOOK_SECONDS", 0.05)
    monkeypatch.setattr("normlab.store.snapshots._QUESTION", b"SELECT pg_sleep(600)")

    async def wait() -> None:
        changes = changes_of(postgres_database)
        await changes.look()
        while changes._connection is None:
            await asyncio.sleep(0.01)
        await asyncio.wait_for(changes.look(), 30)
        assert changes.number is None
        assert changes._connection is None
        changes.close()

    asyncio.run(wait())


@pytest.mark.parametrize("question", [b"SELECT 1/0", b"SELECT nothing"])
def test_an_error_of_the_server_is_no_number(postgres_database, monkeypatch, question):
    monkeypatch.setattr("normlab.store.snapshots._QUESTION", question)

    async def wait() -> None:
        changes = changes_of(postgres_database)
        await changes.look()
        while changes._connection is None:
            await asyncio.sleep(0.01)
        await changes.look()
        assert changes.number is None
        changes.close()

    asyncio.run(wait())
