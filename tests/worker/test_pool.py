"""A worker with the default number of children, and when it replaces them.

The pool is built on parts of Celery and billiard that they do not document: when these move, these tests fail.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from normlab.local.process import Process
from normlab.spec import JobSpec
from normlab.store.jobs.tables import WorkerChild
from support.workers import Service, children, wait_until
from worker.memory import allowed_memory, plan_memory
from worker.resources import allowed_cores
from worker.signals import OOM_SCORE_ADJ

pytestmark = pytest.mark.xdist_group("default-worker")

SETTINGS = {"WORKER_PROCESSES": None, "JOBS_PER_CHILD": "2", "HANG_SECONDS": "1"}


def ready(service: Service, worker: Process, number: int) -> dict[int, psutil.Process]:
    """The children, when so many of them have announced themselves: TensorFlow is loaded, they wait for messages."""

    def there() -> dict[int, psutil.Process]:
        with service.database.read() as session:
            announced = {int(name.rsplit("/", 1)[-1]) for name in session.scalars(select(WorkerChild.name))}
        found = {pid: psutil.Process(pid) for pid in pids(worker) & announced}
        return found if len(found) == number else {}

    return wait_until(there)


def pids(worker: Process) -> set[int]:
    return {child.pid for child in children(worker) if child.status() != psutil.STATUS_ZOMBIE}


@pytest.fixture(scope="module")
def worker(own_service: Service) -> Iterator[Process]:
    with own_service.worker(**SETTINGS) as process:
        yield process


@pytest.fixture
def diverging(make_spec: Callable[..., JobSpec]) -> JobSpec:
    """Ends in its first epoch."""
    return make_spec(training={"optimizer": {"name": "sgd", "learning_rate": 1e9}})


@pytest.fixture
def plan() -> int:
    return plan_memory(allowed_memory(), allowed_cores()).children


def test_by_default_each_core_has_a_child_if_the_memory_suffices(
    own_service: Service, worker: Process, plan: int
) -> None:
    family = ready(own_service, worker, plan)
    shares = [child.cpu_affinity() for child in family.values()]
    if plan == len(os.sched_getaffinity(0)):
        assert sorted(core for share in shares for core in share) == sorted(os.sched_getaffinity(0))
    scores = {Path(f"/proc/{pid}/oom_score_adj").read_text().strip() for pid in family}
    assert scores == {OOM_SCORE_ADJ}  # the kernel takes a child before what runs beside it
    log = (own_service.data_dir / "worker.log").read_text()
    assert str(plan_memory(allowed_memory(), allowed_cores())) in log


def test_children_share_what_the_main_process_imported(
    own_service: Service, worker: Process, plan: int
) -> None:
    for child in ready(own_service, worker, plan).values():
        memory = child.memory_full_info()
        assert memory.uss < memory.rss / 2


def test_messages_without_a_job_are_no_work(
    own_service: Service, worker: Process, plan: int, diverging: JobSpec
) -> None:
    before = ready(own_service, worker, plan)
    for _ in range(5 * plan):  # more than the jobs after which a child is replaced
        wait_until(lambda: own_service.notifier.notify("job_unknown"))
    wait_until(lambda: own_service.notifier.pending() == 0)
    assert own_service.wait_for_end(own_service.submit(diverging)).attempt == 1
    assert set(ready(own_service, worker, plan)) == set(before)


def test_an_idle_child_that_hangs_is_replaced(own_service: Service, worker: Process, plan: int) -> None:
    hanging = next(iter(ready(own_service, worker, plan).values()))
    hanging.suspend()
    wait_until(lambda: len(pids(worker)) == plan and hanging.pid not in pids(worker))


def test_a_child_is_replaced_after_its_jobs(
    own_service: Service, worker: Process, plan: int, diverging: JobSpec
) -> None:
    before = ready(own_service, worker, plan)
    submitted = [own_service.submit(diverging) for _ in range(plan + 1)]  # so one child has two of them
    ended = [own_service.wait_for_end(job_id) for job_id in submitted]
    assert {(job.attempt, job.error_code) for job in ended} == {(1, "nan_loss")}
    wait_until(lambda: len(pids(worker)) == plan and pids(worker) != set(before))
    log = (own_service.data_dir / "worker.log").read_text()
    unexpected = [pid for pid in before if f"pid:{pid} exited with" in log]  # as Celery says of these
    assert unexpected == []
