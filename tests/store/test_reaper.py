from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from normlab.store import Database, Job, JobState
from normlab.store.jobs import events, jobs, leases, reaper

MakeJob = Callable[..., str]
ClaimJob = Callable[..., Job]


def test_an_expired_lease_is_taken_back_once_however_many_sweep(
    database: Database, claim_job: ClaimJob, threads: ThreadPoolExecutor
) -> None:
    expired, alive = claim_job(lease_seconds=-1).id, claim_job(lease_seconds=60).id
    swept = list(threads.map(lambda _: reaper.sweep(database), range(8)))
    assert [job_id for one in swept for job_id in one.taken_back] == [expired]
    with database.read() as session:
        assert jobs.get(session, alive).state is JobState.RUNNING
        job = jobs.get(session, expired)
        assert (job.state, job.lost_attempts) == (JobState.QUEUED, 1)
        assert events.history(session, expired)[-1].data == {"state": "queued", "reason": "lease_expired"}


def test_a_heartbeat_that_comes_before_the_reaper_keeps_the_job(
    database: Database, claim_job: ClaimJob
) -> None:
    job_id = claim_job(lease_seconds=-1).id
    with database.write() as session:
        assert leases.heartbeat(session, job_id, 1, lease_seconds=60) is not None
    assert reaper.sweep(database).taken_back == ()


def test_jobs_that_nobody_came_for_are_told_in_the_queues_order(
    database: Database, make_job: MakeJob
) -> None:
    first, urgent = make_job(), make_job(spec={"priority": 1})
    assert reaper.sweep(database).waiting == ()  # they have only just come
    assert reaper.sweep(database, grace_seconds=-1).waiting == (urgent, first)
    assert reaper.sweep(database, grace_seconds=-1, limit=1).waiting == (urgent,)


def test_the_job_of_a_dead_child_is_taken_back_at_once(database: Database, claim_job: ClaimJob) -> None:
    dead, alive = claim_job(worker="host/a_b/1").id, claim_job(worker="host/a_b/2").id
    claim_job(worker="host/axb/1")  # another worker, though "_" would match it in LIKE
    with database.write() as session:
        assert reaper.take_back_dead(session, "host/a_b/", {"host/a_b/2"}) == [dead]
    with database.read() as session:
        assert jobs.get(session, dead).state is JobState.QUEUED
        assert jobs.get(session, alive).state is JobState.RUNNING
        assert events.history(session, dead)[-1].data["reason"] == "child_died"
