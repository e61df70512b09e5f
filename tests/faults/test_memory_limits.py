"""Workers with the default number of children where memory is short, in real control groups."""

import pytest

from faults.conftest import TINY, Accepted
from normlab.store import FailureCode, JobState
from support.control_groups import memory_group
from support.measured import note
from support.plant import Plant
from worker.memory import Allowed, plan_memory
from worker.resources import allowed_cores

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

GIB = 2**30


def test_in_3_gib_a_network_that_is_too_large_fails_once_and_the_next_job_runs(
    with_sqlite: Plant, accepted: Accepted
) -> None:
    plant = with_sqlite
    with (
        memory_group(3 * GIB) as group,
        plant.other_worker(group=group, WORKER_PROCESSES=None, CHILD_MEMORY_BYTES=None),
    ):
        dense = {"type": "dense", "units": 6900}
        layers = [
            {"type": "flatten"},
            dense,
            dense,
        ]  # 48 million parameters, each of them four times in memory
        training = {"optimizer": "adam", "epochs": 1000}
        accepted.append(plant.submit(architecture={"layers": layers}, training=training))
        job = plant.wait_for_end(accepted[0])
        assert (job.state, job.attempt, job.error_code) == (JobState.FAILED, 1, FailureCode.OUT_OF_MEMORY)
        accepted.append(plant.submit(**TINY))
        assert plant.wait_for_end(accepted[1]).state is JobState.SUCCEEDED
        assert group.killed == 0
        note("3 GiB", children=len(plant.children()))


def test_on_1_gib_a_core_there_are_fewer_children_and_jobs_are_trained(
    with_sqlite: Plant, accepted: Accepted
) -> None:
    plant = with_sqlite
    cores = allowed_cores()
    expected = plan_memory(Allowed(cores * GIB, "a group"), cores).children
    assert expected < max(2, cores)
    log = plant.folder / "logs" / "worker.log"
    before = log.stat().st_size
    with (
        memory_group(cores * GIB) as group,
        plant.other_worker(group=group, WORKER_PROCESSES=None, CHILD_MEMORY_BYTES=None),
    ):
        accepted.extend(plant.submit(training={"epochs": 3}) for _ in range(3))
        for job_id in accepted:
            job = plant.wait_for_end(job_id)
            assert (job.state, job.attempt, job.error_code) == (JobState.SUCCEEDED, 1, None)
        assert len(plant.children()) == expected
        assert group.killed == 0
    said = log.read_text()[before:]
    assert "NORMLAB_WORKER_PROCESSES" in said
    assert str(group.folder) in said
