"""Fixtures: a whole service on this machine, for all tests that talk to one, and two networks that it trained."""

from collections.abc import Iterator

import pytest

from normlab.client import Client
from normlab.documents.jobs import JobDocument
from normlab.documents.states import JobState
from normlab.local.service import LocalService


@pytest.fixture(scope="session")
def local_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalService]:
    """The service. Tests that use it belong to the xdist group "service", so that there is one."""
    with LocalService(tmp_path_factory.mktemp("service"), processes=1) as service:
        yield service


@pytest.fixture(scope="session")
def client(local_service: LocalService) -> Iterator[Client]:
    with Client(local_service.url) as client:
        yield client


@pytest.fixture(scope="session")
def trained(client: Client) -> tuple[JobDocument, JobDocument]:
    """A baseline and a batch_norm, trained for three epochs on the digits."""
    training = {"epochs": 3, "batch_size": 16, "target_accuracy": 0.2}
    jobs = [
        client.submit(name, dataset="digits", training=training, tags=["trained"])
        for name in ("baseline", "batch_norm")
    ]
    baseline, batch_norm = (client.wait(job.id, timeout_seconds=120) for job in jobs)
    assert (baseline.state, batch_norm.state) == (JobState.SUCCEEDED, JobState.SUCCEEDED)
    return baseline, batch_norm
