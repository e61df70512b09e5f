"""Requests that come at the same time are one transaction; each still succeeds or fails for itself."""

import asyncio
import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from normlab.errors import IdempotencyError
from normlab.store import Database, Job
from normlab.store.driver import DriverTransaction
from normlab.store.group_commit import MAX_TOGETHER, GroupCommit
from normlab.store.jobs.creation import NewJob, store


class Writer:
    """Stores jobs, notes how many came together, and holds the first transaction until it may go on."""

    def __init__(self) -> None:
        self.together: list[int] = []
        self.first_is_under_way = threading.Event()
        self.may_go_on = threading.Event()
        self.fails_for: str | None = None

    def __call__(self, where: DriverTransaction, new: Sequence[NewJob]) -> list[str | Exception]:
        store(where, new)
        self.together.append(len(new))
        self.first_is_under_way.set()
        assert self.may_go_on.wait(30)
        if self.fails_for in [job.id for job in new]:
            raise RuntimeError("nobody thought of this")
        return [job.id for job in new]


@pytest.fixture
def writer() -> Writer:
    return Writer()


def submit(database: Database, writer: Writer, new: Sequence[NewJob], behind_the_first=None) -> list[object]:
    """The answers; all but the first come while the first's transaction is under way."""

    async def ask() -> list[object]:
        group = GroupCommit[NewJob, str](database, writer)
        tasks = [asyncio.create_task(group.submit(new[0]))]
        await asyncio.to_thread(writer.first_is_under_way.wait, 30)
        tasks += [asyncio.create_task(group.submit(job)) for job in new[1:]]
        await asyncio.sleep(0)
        if behind_the_first is not None:
            behind_the_first(tasks)
        writer.may_go_on.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        group.close()
        return answers

    return asyncio.run(ask())


def stored(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(Job.id)))


def test_what_comes_meanwhile_is_one_transaction_in_the_order_of_coming(database, writer, make_spec):
    new = [NewJob.of(make_spec()) for _ in range(8)]
    assert submit(database, writer, new) == [job.id for job in new]
    assert writer.together == [1, 7]
    assert stored(database) == {job.id for job in new}


def test_one_transaction_is_bounded(database, writer, make_spec):
    spec = make_spec()
    new = [NewJob.of(spec) for _ in range(MAX_TOGETHER + 3)]
    assert submit(database, writer, new) == [job.id for job in new]
    assert writer.together == [1, MAX_TOGETHER, 2]


def test_one_that_fails_fails_alone(database, writer, make_spec):
    new = [NewJob.of(make_spec()) for _ in range(4)]
    writer.fails_for = new[2].id
    answers = submit(database, writer, new)
    assert isinstance(answers[2], RuntimeError)
    assert answers[:2] + answers[3:] == [new[0].id, new[1].id, new[3].id]
    assert stored(database) == {new[0].id, new[1].id, new[3].id}


def test_a_refused_one_undoes_nothing(database, make_spec):
    new = [NewJob.of(make_spec()) for _ in range(2)]

    def write(where: DriverTransaction, requests: Sequence[NewJob]) -> list[str | Exception]:
        store(where, [job for job in requests if job is not new[0]])
        return [IdempotencyError("no") if job is new[0] else job.id for job in requests]

    async def ask() -> list[object]:
        group = GroupCommit[NewJob, str](database, write)
        answers = await asyncio.gather(*map(group.submit, new), return_exceptions=True)
        group.close()
        return answers

    refused, answered = asyncio.run(ask())
    assert isinstance(refused, IdempotencyError)
    assert answered == new[1].id
    assert stored(database) == {new[1].id}


def test_who_stops_waiting_neither_undoes_the_request_nor_holds_others_up(database, writer, make_spec):
    new = [NewJob.of(make_spec()) for _ in range(3)]
    answers = submit(database, writer, new, lambda tasks: tasks[1].cancel())
    assert isinstance(answers[1], asyncio.CancelledError)
    assert (answers[0], answers[2]) == (new[0].id, new[2].id)
    assert stored(database) == {job.id for job in new}


def test_a_database_that_is_away_is_everybodys_error_and_the_next_are_written(
    sqlite_database, writer, make_spec
):
    new = [NewJob.of(make_spec()) for _ in range(3)]

    async def ask() -> list[object]:
        group = GroupCommit[NewJob, str](sqlite_database, writer)
        writer.may_go_on.set()
        execute(sqlite_database, "ALTER TABLE jobs RENAME TO away")
        answers = await asyncio.gather(*map(group.submit, new[:2]), return_exceptions=True)
        execute(sqlite_database, "ALTER TABLE away RENAME TO jobs")
        answers.append(await group.submit(new[2]))
        group.close()
        return answers

    *failed, answered = asyncio.run(ask())
    assert [type(error) for error in failed] == [OperationalError] * 2
    assert answered == new[2].id
    assert writer.together == [1]


def execute(database: Database, statement: str) -> None:
    with database.write() as session:
        session.execute(text(statement))


def test_what_waits_is_written_before_the_end(database, writer, make_spec):
    new = [NewJob.of(make_spec()) for _ in range(3)]

    async def ask() -> None:
        group = GroupCommit[NewJob, str](database, writer)
        tasks = [asyncio.create_task(group.submit(job)) for job in new]
        await asyncio.sleep(0)
        writer.may_go_on.set()
        group.close()
        assert await asyncio.gather(*tasks) == [job.id for job in new]

    asyncio.run(ask())
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 3
