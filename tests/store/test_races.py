"""What only SQLite makes safe by itself: on Postgres other transactions write between two statements of one."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import text

from normlab.errors import NotFoundError, StateError
from normlab.store import Database, Job, JobState, deletion, idempotency
from normlab.store.jobs import endings, jobs, leases, workers
from normlab.store.jobs.endings import Outcome
from normlab.store.models import names

ClaimJob = Callable[..., Job]
MakeJob = Callable[..., str]

OUTCOME = Outcome(result={"epochs": 2}, timings={}, environment={}, digests={}, layers=[])


@pytest.fixture
def succeeded(database: Database, claim_job: ClaimJob) -> Callable[[], str]:
    """Makes a job that has succeeded."""

    def make() -> str:
        job = claim_job()
        with database.write() as session:
            endings.finish(session, job.id, 1, OUTCOME)
        return job.id

    return make


def at_once(threads: ThreadPoolExecutor, *calls: Callable[[], object]) -> list[object]:
    together = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        together.wait()
        return call()

    return [future.result() for future in [threads.submit(run, call) for call in calls]]


def test_a_name_that_many_make_at_once_is_made_by_one(
    database: Database, succeeded: Callable[[], str], threads: ThreadPoolExecutor
) -> None:
    job_ids = [succeeded() for _ in range(4)]

    def point(name: str, job_id: str) -> bool:
        with database.write() as session:
            return names.point(session, name, job_id)[1]

    for number in range(10):
        calls = [lambda job_id=job_id, number=number: point(f"name-{number}", job_id) for job_id in job_ids]
        assert sorted(map(str, at_once(threads, *calls))) == ["False"] * 3 + ["True"]
        with database.read() as session:
            model = names.get(session, f"name-{number}")
            assert sorted(item.job_id for item in model.versions) == sorted(job_ids)
            assert [item.number for item in model.changes] == [1, 2, 3, 4]


def test_a_name_and_its_jobs_deletion_do_not_meet(
    database: Database, succeeded: Callable[[], str], threads: ThreadPoolExecutor
) -> None:
    for number in range(10):
        job_id = succeeded()

        def point(job_id: str = job_id, number: int = number) -> None:
            with suppress(NotFoundError), database.write() as session:
                names.point(session, f"name-{number}", job_id)

        def delete(job_id: str = job_id) -> None:
            with suppress(StateError), database.write() as session:
                deletion.delete_job(session, job_id)

        at_once(threads, point, delete)
        with database.read() as session:
            assert (jobs.find(session, job_id) is None) == (names.names_of(session, [job_id]) == [])


def test_a_name_is_made_deleted_and_rolled_back_at_once(
    database: Database, succeeded: Callable[[], str], threads: ThreadPoolExecutor
) -> None:
    first, second = succeeded(), succeeded()

    def point(job_id: str) -> None:
        with database.write() as session:
            names.point(session, "name", job_id)

    def if_it_is_there(change: Callable[..., object]) -> None:
        with suppress(NotFoundError, StateError), database.write() as session:
            change(session, "name")

    for _ in range(10):
        at_once(
            threads,
            lambda: point(first),
            lambda: if_it_is_there(names.delete),
            lambda: point(second),
            lambda: if_it_is_there(names.roll_back),
        )


def test_a_cancellation_is_kept_whatever_the_attempt_does_at_that_moment(
    database: Database, claim_job: ClaimJob, threads: ThreadPoolExecutor
) -> None:
    """An accepted one went under when the job was put back between two of our statements; or 409 said "queued"."""
    for number in range(30):
        job = claim_job()

        def cancel(job_id: str = job.id) -> JobState:
            with database.write() as session:
                return jobs.request_cancel(session, job_id).state

        def put_back(job_id: str = job.id, number: int = number) -> None:
            with database.write() as session:
                if number % 2:
                    leases.release(session, job_id, 1)
                else:
                    leases.lose(session, job_id, 1, reason="lease_expired")

        at_once(threads, cancel, put_back)
        with database.read() as session:
            assert jobs.get(session, job.id).state is JobState.CANCELLED


def test_a_cancellation_waits_for_the_claim_that_is_under_way(
    postgres_database: Database, make_spec: Callable[..., object], threads: ThreadPoolExecutor
) -> None:
    with postgres_database.write() as session:
        job_id = jobs.create(session, make_spec()).id  # type: ignore[arg-type]  # a spec

    def cancel() -> JobState:
        with postgres_database.write() as session:
            jobs.get(session, job_id)  # as the route does, and keeps it in the session
            return jobs.request_cancel(session, job_id).state

    with postgres_database.write() as session:
        leases.claim(session, job_id, worker="w", lease_seconds=60)
        waiting = threads.submit(cancel)
        while not session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            pass
    assert waiting.result() is JobState.RUNNING


def test_a_key_whose_row_goes_as_it_is_used_is_new(database: Database, threads: ThreadPoolExecutor) -> None:
    def use() -> None:
        with database.write() as session:
            if idempotency.begin(session, "key", "digest") is None:
                idempotency.remember(session, "key", {"id": "job_x"})

    def forget() -> None:
        with database.write() as session:
            idempotency.forget(session, ["job_x"])

    for _ in range(20):
        at_once(threads, use, forget, use, forget)


def test_workers_that_were_silent_speak_and_are_forgotten_at_once(
    database: Database, threads: ThreadPoolExecutor
) -> None:
    with database.write() as session:
        for worker in "ab":
            for child in range(5):
                workers.announce(session, f"{worker}/{child}", has_gpu=False)

    def speak(worker: str) -> None:
        with database.write() as session:
            workers.keep(session, f"{worker}/", [f"{worker}/{child}" for child in range(5)])

    for _ in range(10):
        with database.write() as session:
            session.execute(text("UPDATE worker_children SET seen_at = '2020-01-01T00:00:00.000Z'"))
        at_once(threads, lambda: speak("a"), lambda: speak("b"))
