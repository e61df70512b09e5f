"""Two who want the same job at the same moment."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier as ProcessBarrier
from threading import Barrier
from typing import Any

import httpx
import pytest

from normlab.settings import Settings
from normlab.spec import JobSpec
from normlab.store import Database, JobState
from normlab.store.jobs import endings, events, jobs, leases
from normlab.store.jobs.endings import Outcome
from support.measured import note
from support.serving import serving

OUTCOME = Outcome(result={"epochs": 1}, timings={}, environment={}, digests={}, layers=[])
ROUNDS = [50, pytest.param(1000, marks=[pytest.mark.faults, pytest.mark.timeout(1200)])]


def compete(url: str, job_ids: list[str], together: ProcessBarrier, won: Any) -> None:
    database = Database(url)
    mine = []
    for job_id in job_ids:
        together.wait(120)
        with database.write() as session:
            if leases.claim(session, job_id, worker="w", lease_seconds=600) is not None:
                mine.append(job_id)
    won.put(mine)
    database.close()


@pytest.mark.faults
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("rounds", [1000])
def test_two_workers_claim_one_job_and_one_gets_it(
    database: Database, make_spec: Callable[..., JobSpec], rounds: int
) -> None:
    with database.write() as session:
        job_ids = [jobs.create(session, make_spec()).id for _ in range(rounds)]
    spawn = multiprocessing.get_context("spawn")
    together, won = spawn.Barrier(2), spawn.Queue()
    url = database.url.render_as_string(hide_password=False)
    workers = [spawn.Process(target=compete, args=(url, job_ids, together, won)) for _ in range(2)]
    for worker in workers:
        worker.start()
    taken = [won.get(timeout=600) for _ in workers]
    for worker in workers:
        worker.join(60)
    won.close()
    assert sorted(taken[0] + taken[1]) == sorted(job_ids)
    with database.read() as session:
        assert {jobs.get(session, job_id).attempt for job_id in job_ids} == {1}


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_cancellation_and_a_finish_agree_on_who_won(
    database: Database, broker_url: str, make_spec: Callable[..., JobSpec], tmp_path: Any, rounds: int
) -> None:
    settings = Settings(
        data_dir=tmp_path,
        database_url=database.url.render_as_string(hide_password=False),
        broker_url=broker_url,
        maintenance_seconds=3600,
    )
    together = Barrier(2)

    def race(http: httpx.Client, pool: ThreadPoolExecutor) -> JobState:
        with database.write() as session:
            job_id = jobs.create(session, make_spec()).id
            leases.claim(session, job_id, worker="w", lease_seconds=600)

        def cancel() -> httpx.Response:
            together.wait()
            return http.post(f"/jobs/{job_id}/cancel")

        cancelling = pool.submit(cancel)
        together.wait()
        with database.write() as session:
            ended = endings.finish(session, job_id, 1, OUTCOME)
        answer = cancelling.result()
        assert ended is not None
        assert answer.status_code == (409 if ended.state is JobState.SUCCEEDED else 202), answer.text
        with database.read() as session:
            job = jobs.get(session, job_id)
            states = [JobState(event.data["state"]) for event in events.history(session, job_id)]
        assert job.state is ended.state
        assert [state for state in states if state.final] == [ended.state]
        return ended.state

    with serving(settings) as http, ThreadPoolExecutor(1) as pool:
        seen = [race(http, pool) for _ in range(rounds)]
    note(
        "cancel against finish",
        finished=seen.count(JobState.SUCCEEDED),
        cancelled=seen.count(JobState.CANCELLED),
    )
