import functools
import multiprocessing
import operator
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from normlab.spec import JobSpec
from normlab.spec.epochs import EpochMetrics
from normlab.store import Database, FailureCode, Job, JobState
from normlab.store.jobs import creation, endings, events, jobs, leases, queue, reports
from normlab.store.jobs.endings import Outcome

MakeJob = Callable[..., str]
ClaimJob = Callable[..., Job]
MakeMetrics = Callable[..., EpochMetrics]
MakeSpec = Callable[..., JobSpec]

OUTCOME = Outcome(result={"epochs": 2}, timings={}, environment={}, digests={}, layers=[])


def test_of_many_threads_one_gets_the_job(
    database: Database, make_job: MakeJob, threads: ThreadPoolExecutor
) -> None:
    for _ in range(10):
        job_id = make_job()
        together = Barrier(16)

        def compete(number: int, job_id: str = job_id, together: Barrier = together) -> bool:
            together.wait()
            with database.write() as session:
                return leases.claim(session, job_id, worker=f"w{number}", lease_seconds=60) is not None

        assert sum(threads.map(compete, range(16))) == 1
        with database.read() as session:
            assert jobs.get(session, job_id).attempt == 1
            assert [event.data["state"] for event in events.after(session, job_id)] == ["queued", "running"]


def test_threads_that_take_the_next_job_each_get_another(
    database: Database, make_job: MakeJob, threads: ThreadPoolExecutor
) -> None:
    expected = {make_job() for _ in range(12)}

    def take(number: int) -> str | None:
        with database.write() as session:
            job = leases.claim_next(session, worker=f"w{number}", lease_seconds=60)
            return job and job.id

    taken = list(threads.map(take, range(16)))
    assert {job_id for job_id in taken if job_id} == expected
    assert taken.count(None) == 4


def compete_in_process(url: str, worker: str, start: float, won: "multiprocessing.Queue[list[str]]") -> None:
    database = Database(url)
    mine: list[str] = []
    time.sleep(max(0, start - time.time()))
    while True:
        with database.write() as session:
            job = leases.claim_next(session, worker=worker, lease_seconds=60)
        if job is None:
            break
        mine.append(job.id)
    won.put(mine)
    database.close()


def test_processes_share_the_queue_without_taking_a_job_twice(database: Database, make_job: MakeJob) -> None:
    expected = sorted(make_job() for _ in range(40))
    spawn = multiprocessing.get_context("spawn")
    won: multiprocessing.Queue[list[str]] = spawn.Queue()
    url = database.url.render_as_string(hide_password=False)
    arguments = [(url, f"w{number}", time.time() + 2, won) for number in range(3)]
    running = [spawn.Process(target=compete_in_process, args=given) for given in arguments]
    for process in running:
        process.start()
    taken = [won.get(timeout=60) for _ in running]
    for process in running:
        process.join()
    won.close()
    assert sorted(functools.reduce(operator.iadd, taken, [])) == expected


def test_the_queue_goes_by_priority_and_then_by_time(database: Database, make_job: MakeJob) -> None:
    first, second = make_job(), make_job()
    urgent, patient = make_job(spec={"priority": 5}), make_job(spec={"priority": -5})
    order = [urgent, first, second, patient]
    with database.read() as session:
        places = queue.places(session, order)
        assert [places[job_id].position for job_id in order] == [1, 2, 3, 4]
    taken = []
    for _ in order:
        with database.write() as session:
            job = leases.claim_next(session, worker="w", lease_seconds=60)
            assert job is not None
            taken.append(job.id)
    assert taken == order
    with database.read() as session:
        assert queue.places(session, order) == {}


def test_who_has_trained_an_arm_goes_on_with_it_among_jobs_queued_together(
    database: Database, make_spec: MakeSpec
) -> None:
    one, other = make_spec(architecture="baseline"), make_spec(architecture="batch_norm")
    new = [creation.NewJob.of(spec, max_attempts=3) for spec in (one, other, one, other)]
    with database.write() as session:
        creation.store(session, new)
    ids = [job.id for job in new]
    trained = {0: [other.arm_digest], 1: [one.arm_digest]}
    taken: dict[int, list[str]] = {0: [], 1: []}
    for turn in range(4):
        with database.write() as session:
            child = turn % 2
            job = leases.claim_next(session, worker="w", lease_seconds=60, trained=trained[child])
            assert job is not None
            taken[child].append(job.id)
    assert taken == {0: [ids[1], ids[3]], 1: [ids[0], ids[2]]}


def test_a_later_job_never_gets_ahead_for_its_arm(database: Database, make_job: MakeJob) -> None:
    first = make_job(spec={"architecture": "baseline"})
    urgent = make_job(spec={"architecture": "batch_norm", "priority": 3})
    later = make_job(spec={"architecture": "deep_sigmoid"})
    with database.write() as session:
        jobs.get(session, first).queued_at -= 2 * leases.TOGETHER
        trained = [jobs.get(session, later).arm_digest]
    taken = []
    for _ in range(3):
        with database.write() as session:
            job = leases.claim_next(session, worker="w", lease_seconds=60, trained=trained)
            assert job is not None
            taken.append(job.id)
    assert taken == [urgent, first, later]


def test_an_attempt_that_lost_its_job_changes_nothing(
    database: Database, claim_job: ClaimJob, make_metrics: MakeMetrics
) -> None:
    job = claim_job()
    with database.write() as session:
        leases.lose(session, job.id, 1, reason="lease_expired")
    with database.write() as session:
        again = leases.claim(session, job.id, worker="worker-2", lease_seconds=60)
    assert again is not None
    assert again.attempt == 2
    with database.read() as session:
        before = [event.number for event in events.after(session, job.id)]
    with database.write() as session:
        assert leases.heartbeat(session, job.id, 1, lease_seconds=60) is None
        assert not reports.report_epoch(session, job.id, 1, make_metrics(1))
        assert not reports.report_progress(session, job.id, 1, {"phase": "training"})
        assert not reports.begin(session, job.id, 1, reports.ANEW)
        assert endings.finish(session, job.id, 1, OUTCOME) is None
        assert endings.fail(session, job.id, 1, FailureCode.INTERNAL, "it broke") is None
        assert endings.cancel(session, job.id, 1) is None
        assert leases.release(session, job.id, 1) is None
        assert leases.lose(session, job.id, 1, reason="lease_expired") is None
    with database.read() as session:
        now = jobs.get(session, job.id)
        assert (now.state, now.attempt, now.worker) == (JobState.RUNNING, 2, "worker-2")
        assert [event.number for event in events.after(session, job.id)] == before
        assert reports.epochs(session, job.id) == []


def test_a_heartbeat_renews_the_lease_by_the_databases_clock(database: Database, claim_job: ClaimJob) -> None:
    job = claim_job(lease_seconds=10)
    assert job.lease_expires_at is not None
    assert (job.lease_expires_at - job.updated_at).total_seconds() == pytest.approx(10, abs=0.5)
    time.sleep(0.01)
    with database.write() as session:
        assert leases.heartbeat(session, job.id, 1, lease_seconds=100) == leases.Heartbeat(
            cancel_requested=False
        )
    with database.read() as session:
        renewed = jobs.get(session, job.id)
    assert renewed.lease_expires_at is not None
    assert (renewed.lease_expires_at - job.lease_expires_at).total_seconds() == pytest.approx(90, abs=30)


def test_a_released_job_waits_again_and_no_attempt_is_counted_as_lost(
    database: Database, claim_job: ClaimJob
) -> None:
    job = claim_job()
    with database.write() as session:
        released = leases.release(session, job.id, 1, reason="shutdown")
    assert released is not None
    assert (released.state, released.attempt, released.lost_attempts) == (JobState.QUEUED, 1, 0)
    assert (released.worker, released.lease_expires_at) == (None, None)


def test_a_job_fails_when_as_many_attempts_were_lost_as_are_allowed(
    database: Database, make_job: MakeJob
) -> None:
    job_id = make_job(max_attempts=2)
    states = []
    for attempt in (1, 2):
        with database.write() as session:
            leases.claim(session, job_id, worker="w", lease_seconds=60)
            lost = leases.lose(session, job_id, attempt, reason="lease_expired")
            assert lost is not None
            states.append(lost.state)
    assert states == [JobState.QUEUED, JobState.FAILED]
    with database.read() as session:
        job = jobs.get(session, job_id)
        assert job.error_code is FailureCode.LOST_WORKER
        assert (
            job.error_detail
            == "the worker that trained this job went silent, as did those of the attempts before"
        )
        assert job.finished_at is not None


def test_a_job_ends_once(database: Database, claim_job: ClaimJob, threads: ThreadPoolExecutor) -> None:
    job = claim_job()
    together = Barrier(16)

    def end(number: int) -> bool:
        together.wait()
        with database.write() as session:
            if number % 2:
                return endings.finish(session, job.id, 1, OUTCOME) is not None
            return endings.fail(session, job.id, 1, FailureCode.INTERNAL, "it broke") is not None

    assert sum(threads.map(end, range(16))) == 1
    with database.read() as session:
        assert len(events.history(session, job.id)) == 3
