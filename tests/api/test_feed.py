"""One reader for all streams of a process, over both kinds of database."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, text

from api.comparisons.events import COMPARISONS
from api.http.feed import Feed, Source
from api.http.sse import PING
from api.jobs.events import JOBS
from normlab.client.events import parse
from normlab.documents.events import EventKind
from normlab.spec import JobSpec
from normlab.store import Database
from normlab.store.comparisons import comparisons
from normlab.store.comparisons.comparisons import Arm, NewComparison
from normlab.store.jobs import jobs, leases, reports
from support.epochs import made_up_epoch

MakeSpec = Callable[..., JobSpec]
QUIET_SECONDS = 0.02


def running_jobs(database: Database, make_spec: MakeSpec, count: int) -> list[str]:
    ids = []
    with database.write() as session:
        for _ in range(count):
            ids.append(jobs.create(session, make_spec()).id)
            leases.claim(session, ids[-1], worker="w", lease_seconds=600)
    return ids


def report(database: Database, job_id: str, epoch: int) -> None:
    with database.write() as session:
        assert reports.report_epoch(session, job_id, 1, made_up_epoch(epoch))


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """What is sent to the database, with the values."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        sent.append((statement, values))

    event.listen(database.engine, "before_cursor_execute", note)
    yield sent
    event.remove(database.engine, "before_cursor_execute", note)


class Follower:
    """Reads a stream to its end."""

    def __init__(self, feed: Feed, item_id: str, source: Source = JOBS, *, behind: int | None = None) -> None:
        self.seen: list[str] = []
        self.pings = 0
        self.task = asyncio.create_task(self._read(feed.follow(source, item_id, behind)))

    async def _read(self, stream: AsyncIterator[bytes]) -> None:
        async for message in stream:
            self.pings += message == PING
            self.seen += [event.id or event.kind for event in parse(message.decode().splitlines())]

    async def has(self, *seen: str) -> None:
        """Wait until it has seen these, and nothing else."""
        while len(self.seen) < len(seen) and not self.task.done():
            await asyncio.sleep(0.005)
        assert self.seen == list(seen)


def run(
    database: Database, program: Callable[[Feed], Awaitable[None]], quiet_seconds: float = QUIET_SECONDS
) -> None:
    async def reading() -> None:
        feed = Feed(database, quiet_seconds=quiet_seconds)
        async with asyncio.timeout(60), feed.reading():
            await program(feed)

    asyncio.run(reading())


def test_all_streams_of_jobs_and_comparisons_cost_one_statement_a_look(
    database: Database, make_spec: MakeSpec
) -> None:
    ids = running_jobs(database, make_spec, 30)
    with database.write() as session:
        arms = [Arm("a", make_spec()), Arm("b", make_spec(training={"batch_size": 32}))]
        new = NewComparison(arms=arms, question={"metric": "x"}, base_seed=1, replicates=1, max_replicates=9)
        compared = comparisons.create(session, comparisons.prepare(new)).id

    async def program(feed: Feed) -> None:
        followers = [Follower(feed, job_id) for job_id in [*ids, ids[0]]]
        for follower in followers:
            await follower.has("1", "2")
        followers.append(Follower(feed, compared, COMPARISONS))
        await followers[-1].has("1", "2")
        with statements(database) as sent:
            while len(sent) < 8:
                await asyncio.sleep(0.005)
        reads = [(statement, values) for statement, values in sent if statement.startswith("SELECT")]
        assert len({statement for statement, _ in reads}) == 1
        for _, values in reads:  # each asks for all at once
            assert {*ids, compared} <= set(values.values() if isinstance(values, dict) else values)
        assert not any(follower.task.done() for follower in followers)

    run(database, program)


def test_those_who_ask_for_the_same_share_one_answer(database: Database, make_spec: MakeSpec) -> None:
    (job_id,) = running_jobs(database, make_spec, 1)

    async def program(feed: Feed) -> None:
        with statements(database) as sent:
            followers = [Follower(feed, job_id) for _ in range(20)]
            for follower in followers:
                await follower.has("1", "2")
            report(database, job_id, 1)
            for follower in followers:
                await follower.has("1", "2", "3")
        assert sum("FROM events" in statement for statement, _ in sent) == 2

    run(database, program)


def test_who_leaves_takes_nothing_from_others_and_is_forgotten(
    database: Database, make_spec: MakeSpec
) -> None:
    (job_id,) = running_jobs(database, make_spec, 1)

    async def program(feed: Feed) -> None:
        leaves, stays = Follower(feed, job_id), Follower(feed, job_id)
        await asyncio.sleep(0)  # both have asked
        leaves.task.cancel()
        await stays.has("1", "2")
        assert (leaves.seen, feed.followed) == ([], 1)
        stays.task.cancel()
        await asyncio.wait([stays.task])
        assert feed.followed == 0
        await asyncio.sleep(2 * QUIET_SECONDS)
        with statements(database) as sent:
            await asyncio.sleep(5 * QUIET_SECONDS)
        assert sent == []

    run(database, program)


def test_the_end_of_the_process_ends_all_streams_at_once(database: Database, make_spec: MakeSpec) -> None:
    ids = running_jobs(database, make_spec, 3)

    async def program(feed: Feed) -> None:
        followers = [Follower(feed, job_id) for job_id in ids]
        for follower in followers:
            await follower.has("1", "2")
        followers.append(Follower(feed, ids[0]))
        await asyncio.sleep(0)  # it waits for an answer, the others for something to happen
        feed.stop()
        await asyncio.gather(*(follower.task for follower in followers))
        assert all("end" not in follower.seen for follower in followers)
        late = Follower(feed, ids[1])
        await late.task
        assert late.seen == []

    run(database, program, quiet_seconds=3600)


def test_streams_go_on_when_the_database_is_back(
    postgres_database: Database, make_spec: MakeSpec, caplog: pytest.LogCaptureFixture
) -> None:
    database, name = postgres_database, postgres_database.url.database
    (job_id,) = running_jobs(database, make_spec, 1)
    other = database.url.set(drivername="postgresql", database="postgres")
    server = psycopg.connect(other.render_as_string(hide_password=False), autocommit=True)

    def allow(connections: bool) -> None:
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {connections}'.encode())

    async def program(feed: Feed) -> None:
        early = Follower(feed, job_id)
        await early.has("1", "2")
        report(database, job_id, 1)
        allow(False)
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        while "event streams wait" not in caplog.text:
            await asyncio.sleep(0.005)
        late = Follower(feed, job_id, behind=1)
        allow(True)
        report(database, job_id, 2)
        await early.has("1", "2", "3", "4")
        await late.has("2", "3", "4")

    with server, caplog.at_level(logging.WARNING, "api.http.feed"):
        run(database, program)
    assert caplog.text.count("event streams wait: the database does not answer") == 1


def test_an_error_of_ours_ends_the_streams_of_that_job_alone(database: Database, make_spec: MakeSpec) -> None:
    broken, whole = running_jobs(database, make_spec, 2)

    async def program(feed: Feed) -> None:
        followers = [Follower(feed, job_id) for job_id in (broken, whole)]
        for follower in followers:
            await follower.has("1", "2")
        with database.write() as session:
            reports.report_epoch(session, broken, 1, made_up_epoch(1))
            unknown = text("UPDATE events SET kind = 'unheard_of' WHERE job_id = :id AND number = 3")
            session.execute(unknown, {"id": broken})
        await asyncio.wait([followers[0].task])
        with pytest.raises(RuntimeError, match=broken):
            followers[0].task.result()
        report(database, whole, 1)
        await followers[1].has("1", "2", "3")
        assert feed.followed == 1

    run(database, program)


def test_progress_is_told_behind_the_events_and_only_the_newest(
    database: Database, make_spec: MakeSpec
) -> None:
    (job_id,) = running_jobs(database, make_spec, 1)

    async def program(feed: Feed) -> None:
        with database.write() as session:
            for step in range(3):
                reports.report_progress(session, job_id, 1, {"phase": "training", "step": step})
            reports.report_epoch(session, job_id, 1, made_up_epoch(1))
        follower = Follower(feed, job_id)
        await follower.has("1", "2", "3", EventKind.PROGRESS)
        with database.write() as session:
            jobs.request_cancel(session, job_id)
            leases.release(session, job_id, 1)
        await follower.has("1", "2", "3", EventKind.PROGRESS, "4", EventKind.END)

    run(database, program)


def test_a_stream_that_has_nothing_to_tell_shows_that_it_is_alive(
    sqlite_database: Database, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.http.feed.PING_SECONDS", 0.01)
    (job_id,) = running_jobs(sqlite_database, make_spec, 1)

    async def program(feed: Feed) -> None:
        follower = Follower(feed, job_id)
        await follower.has("1", "2")
        while follower.pings < 3:
            await asyncio.sleep(0.005)
        report(sqlite_database, job_id, 1)
        await follower.has("1", "2", "3")

    run(sqlite_database, program)
