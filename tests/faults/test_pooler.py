"""PgBouncer in transaction mode before Postgres: every transaction may be in another session of the database."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy.exc import SQLAlchemyError

from faults.conftest import SECONDS_LONG, TINY, Accepted, judged
from normlab.spec import JobSpec
from normlab.store import Database, is_unavailable
from normlab.store.jobs import jobs, leases
from support import pgbouncer
from support.pgbouncer import PgBouncer
from support.plant import Plant, free_port
from support.postgres import PostgresServer

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

LIVE_SECONDS = 300
"""All of the jobs take so long at most, on a busy machine."""
MANY_EPOCHS = {"training": {"epochs": 20, "batch_size": 64}}


@pytest.fixture(scope="module")
def program() -> str:
    return pgbouncer.program()


@pytest.fixture
def plant(program: str, accepted: Accepted) -> Iterator[Plant]:
    """The service behind the pooler."""
    plant = Plant(postgres=True, pgbouncer=program)
    try:
        yield from judged(plant, accepted)
    finally:
        plant.close()


@pytest.fixture
def other_api(plant: Plant) -> Iterator[httpx.Client]:
    """A second API process of the same service."""
    port = free_port()
    process = plant.start("api", "--port", str(port))
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as http:

        def is_ready() -> bool:
            try:
                return http.get("/readyz").is_success
            except httpx.TransportError:
                return False

        plant.wait_until(is_ready, "the second API is ready")
        yield http
    process.stop(20)


def test_whole_lives_of_jobs_with_two_apis(plant: Plant, other_api: httpx.Client, accepted: Accepted) -> None:
    """Three to eight of twelve jobs ended ``failed: internal`` here."""
    apis = (plant.http, other_api)
    with plant.other_worker(WORKER_PROCESSES="2"):
        for number in range(12):
            body = {"architecture": "baseline", "dataset": "digits"} | (TINY if number % 3 else MANY_EPOCHS)
            answer = apis[number % 2].post("/jobs", json=body | {"name": f"job {number}"})
            assert answer.status_code == 202
            accepted.append(answer.json()["id"])
        long = apis[0].post(
            "/jobs",
            json={"dataset": "digits", "architecture": "baseline", "priority": 1}
            | SECONDS_LONG
            | {"priority": 1},
        )
        cancelled = long.json()["id"]
        plant.wait_for(cancelled, lambda job: job.attempt > 0, LIVE_SECONDS)
        assert apis[1].post(f"/jobs/{cancelled}/cancel").status_code == 202
        for job_id in accepted:
            plant.wait_for_end(job_id, LIVE_SECONDS)
        assert plant.wait_for_end(cancelled).state == "cancelled"
    states = Counter(
        apis[number % 2].get(f"/jobs/{job_id}").json()["state"] for number, job_id in enumerate(accepted)
    )
    assert states == {"succeeded": 12}
    for api in apis:
        events = api.get(f"/jobs/{accepted[0]}/events", headers={"Last-Event-ID": "0"}).text
        assert events.count("event: epoch") == 20
        assert api.put("/models/clothes", json={"job": accepted[0]}).is_success
        pixels = {"instances": [[0.0] * 64]}
        assert api.post("/models/clothes/predict", json=pixels).is_success
    assert apis[1].delete(f"/jobs/{cancelled}").status_code == 204
    assert apis[0].get(f"/jobs/{cancelled}").status_code == 404


@pytest.mark.parametrize(("options", "breaks"), [("", False), ("&prepare_threshold=5", True)])
def test_statements_that_share_few_sessions(
    program: str,
    postgres_server: PostgresServer,
    postgres_database: Database,
    make_spec: Callable[..., JobSpec],
    options: str,
    *,
    breaks: bool,
) -> None:
    """What a pooler breaks all the same, when the operator asks for it, is the database's fault and no job's."""
    pooler = PgBouncer(program, postgres_server)
    assert postgres_database.url.database is not None
    databases = [Database(pooler.url(postgres_database.url.database) + options) for _ in range(2)]
    failures: list[SQLAlchemyError] = []

    def work(number: int) -> None:
        for _ in range(25):
            try:
                with databases[number % 2].write() as session:
                    job_id = jobs.create(session, make_spec()).id
                with databases[number % 2].write() as session:
                    leases.claim(session, job_id, worker="w", lease_seconds=60)
            except SQLAlchemyError as error:
                failures.append(error)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    for database in databases:
        database.close()
    pooler.close()
    assert bool(failures) == breaks
    assert [error for error in failures if not is_unavailable(error)] == []
