from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from normlab.spec import JobSpec
from normlab.spec.epochs import EpochMetrics
from normlab.store import Database, Job
from normlab.store.jobs import jobs, leases

MakeSpec = Callable[..., JobSpec]
MakeJob = Callable[..., str]
ClaimJob = Callable[..., Job]


@pytest.fixture
def make_job(database: Database, make_spec: MakeSpec) -> MakeJob:
    """Stores a queued job and gives its id; ``spec`` is what the request says, the rest goes to
    ``jobs.create``.
    """

    def make(spec: dict[str, Any] | None = None, **options: Any) -> str:
        with database.write() as session:
            return jobs.create(session, make_spec(**(spec or {})), **options).id

    return make


@pytest.fixture
def claim_job(database: Database, make_job: MakeJob) -> ClaimJob:
    """Stores a job and claims it; gives it as it is then."""

    def make(lease_seconds: float = 60, worker: str = "worker-1", **options: Any) -> Job:
        job_id = make_job(**options)
        with database.write() as session:
            job = leases.claim(session, job_id, worker=worker, lease_seconds=lease_seconds)
        assert job is not None
        return job

    return make


@pytest.fixture(scope="session")
def make_metrics() -> Callable[..., EpochMetrics]:
    """Makes an epoch's metrics."""

    def make(epoch: int, loss: float = 0.5) -> EpochMetrics:
        return EpochMetrics(
            epoch=epoch,
            learning_rate=0.001,
            loss=loss,
            accuracy=0.8,
            val_loss=0.6,
            val_accuracy=None,
            cross_entropy=loss,
            val_cross_entropy=0.6,
            train_seconds=1.5,
            evaluate_seconds=0.25,
            compile_seconds=0.0,
            elapsed_seconds=1.75 * epoch,
        )

    return make


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Sixteen threads."""
    with ThreadPoolExecutor(16) as pool:
        yield pool
