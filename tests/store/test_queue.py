"""What the owner of a waiting job is told."""

import heapq
import random
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from normlab.spec import JobSpec
from normlab.store import Database, Job
from normlab.store.clock import database_now, moment
from normlab.store.jobs import creation, endings, leases, queue, reports, workers
from normlab.store.jobs.creation import NewJob
from normlab.store.jobs.endings import Outcome
from normlab.store.jobs.queue import Place

MakeJob = Callable[..., str]
ClaimJob = Callable[..., Job]

OUTCOME = Outcome(result={"epochs": 2}, timings={}, environment={}, digests={}, layers=[])
ON_GPU = {"resources": {"device": "gpu"}}


def place(database: Database, job_id: str) -> Place:
    with database.read() as session:
        return queue.places(session, [job_id])[job_id]


def announce(database: Database, name: str, *, has_gpu: bool = False) -> None:
    with database.write() as session:
        workers.announce(session, name, has_gpu=has_gpu)


def test_a_job_that_nobody_could_train_says_what_it_waits_for(database: Database, make_job: MakeJob) -> None:
    on_gpu, anywhere = make_job(spec=ON_GPU), make_job()
    assert place(database, anywhere) == Place(2, "a worker: none is there", None)
    announce(database, "host/1/10")
    assert place(database, anywhere) == Place(2, "its turn", None)  # no job was measured yet
    assert place(database, on_gpu) == Place(1, "a worker with a GPU: none is there", None)
    announce(database, "host/1/11", has_gpu=True)
    assert place(database, on_gpu) == Place(1, "its turn", None)


def test_a_job_for_a_gpu_is_passed_over_by_who_has_none(database: Database, make_job: MakeJob) -> None:
    on_gpu, anywhere = make_job(spec=ON_GPU), make_job()

    def next_of(*, has_gpu: bool) -> str | None:
        with database.write() as session:
            job = leases.claim_next(session, worker="w", lease_seconds=60, has_gpu=has_gpu)
        return None if job is None else job.id

    assert [next_of(has_gpu=False), next_of(has_gpu=False)] == [anywhere, None]
    assert next_of(has_gpu=True) == on_gpu


def test_the_start_is_estimated_from_how_long_others_took(
    database: Database, claim_job: ClaimJob, make_job: MakeJob
) -> None:
    announce(database, "host/1/10")
    for _ in range(2):
        measured = claim_job()
        with database.write() as session:
            endings.finish(session, measured.id, 1, OUTCOME)
            found = session.get(Job, measured.id)
            assert found is not None
            assert found.finished_at is not None
            found.started_at = found.finished_at - timedelta(seconds=100)
    running = claim_job()
    waiting = [make_job(), make_job()]
    began = running.started_at
    assert began is not None

    def starts() -> list[datetime | None]:
        with database.read() as session:
            places = queue.places(session, waiting)
        return [places[job_id].estimated_start_at for job_id in waiting]

    alone = starts()
    # After the running one, then after each other; times are kept to the millisecond.
    assert alone == [began + timedelta(seconds=100), began + timedelta(seconds=200)]
    progress = {
        "phase": "training",
        "epoch": 1,
        "epochs": 2,
        "step": 0,
        "steps": 1,
        "loss": None,
        "fraction": 0.1,
    }
    with database.write() as session:
        reports.report_progress(session, running.id, 1, progress, remaining_seconds=7000)
    first, second = starts()
    assert first is not None
    assert second is not None
    assert first - began == pytest.approx(timedelta(seconds=7000), abs=timedelta(seconds=60))
    assert second - first == timedelta(seconds=100)
    announce(database, "host/1/11")
    first, second = starts()
    assert first is not None
    assert first - began < timedelta(seconds=60)  # the other one is free


def test_workers_that_are_silent_or_gone_are_not_counted(database: Database) -> None:
    for name in ("host/a_b/1", "host/a_b/2", "host/axb/1"):
        announce(database, name)
    with database.write() as session:
        workers.keep(session, "host/a_b/", {"host/a_b/2"})
        assert workers.workforce(session).children == 2
        silent = session.get(workers.WorkerChild, "host/axb/1")
        assert silent is not None
        silent.seen_at -= timedelta(seconds=workers.SILENT_SECONDS + 1)
        session.flush()
        assert workers.workforce(session).children == 1
        workers.keep(session, "host/a_b/", {"host/a_b/2"})
    with database.read() as session:
        assert session.get(workers.WorkerChild, "host/axb/1") is None


def test_each_place_and_start_is_what_going_through_the_queue_gives(
    database: Database, claim_job: ClaimJob, make_job: MakeJob
) -> None:
    chance = random.Random(5)
    for name in ("host/1/10", "host/1/11", "host/1/12"):
        announce(database, name)
    measured = claim_job()
    with database.write() as session:
        endings.finish(session, measured.id, 1, OUTCOME)
        found = session.get_one(Job, measured.id)
        assert found.finished_at is not None
        found.started_at = found.finished_at - timedelta(seconds=60)
    running = claim_job()
    assert running.started_at is not None
    waiting = {make_job(spec={"priority": (given := chance.randint(-2, 2))}): given for _ in range(25)}
    order = sorted(
        waiting, key=lambda job_id: -waiting[job_id]
    )  # sorting is stable, and ids come in time's order
    with database.read() as session:
        before = session.scalars(select(database_now())).one()
        all_places = queue.places(session, order)
        some = chance.sample(order, 4)
        some_places = queue.places(session, some)
        now = session.scalars(select(database_now())).one()
    assert [all_places[job_id].position for job_id in order] == list(range(1, 26))
    assert {job_id: place.position for job_id, place in some_places.items()} == {
        job_id: all_places[job_id].position for job_id in some
    }
    free = [running.started_at + timedelta(seconds=60), before, before]
    for job_id in order:  # each to the process that is free first
        start = all_places[job_id].estimated_start_at
        assert start is not None
        first = min(range(3), key=free.__getitem__)
        assert timedelta(milliseconds=-2) <= start - free[first] <= now - before + timedelta(milliseconds=2)
        free[first] += timedelta(seconds=60)


def test_behind_many_jobs_the_place_is_exact_and_the_start_that_of_their_mean(
    database: Database, claim_job: ClaimJob, make_spec: Callable[..., JobSpec]
) -> None:
    announce(database, "host/1/10")
    measured = claim_job()
    with database.write() as session:
        endings.finish(session, measured.id, 1, OUTCOME)
        found = session.get_one(Job, measured.id)
        assert found.finished_at is not None
        found.started_at = found.finished_at - timedelta(seconds=60)
    many = [NewJob.of(make_spec(priority=number % 2)) for number in range(2 * queue.KNOWN_ARMS + 20)]
    with database.writing() as transaction:
        at = moment(creation.store(transaction, many))
    order = sorted(many, key=lambda job: -job.columns["priority"])
    some = [order[place].id for place in (0, 1, queue.KNOWN_ARMS + 9, queue.KNOWN_ARMS + 10, len(many) - 1)]
    with database.read() as session:
        places = queue.places(session, some)
    assert [places[job_id].position for job_id in some] == [1, 2, 210, 211, len(many)]
    for found in places.values():
        assert found.estimated_start_at is not None
        wait = (found.estimated_start_at - at).total_seconds()
        assert wait == pytest.approx(60 * (found.position - 1), abs=30)


def test_with_jobs_of_several_lengths_the_start_is_off_by_no_more_than_the_longest() -> None:
    chance = random.Random(6)
    for _ in range(300):
        free = sorted(chance.choice([0.0, chance.uniform(0, 50)]) for _ in range(chance.randint(1, 9)))
        lengths = [chance.uniform(1, 30) for _ in range(chance.randint(0, 40))]
        estimated = queue._start(free, len(lengths), sum(lengths))
        processes = list(free)
        for length in lengths:
            heapq.heapreplace(processes, processes[0] + length)
        difference = abs(estimated - processes[0])
        assert difference <= (1e-9 if len(free) == 1 else max(lengths, default=1e-9))
