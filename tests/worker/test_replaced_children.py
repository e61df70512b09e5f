"""A child that has grown is replaced between two jobs, and no job notices."""

from collections.abc import Callable

import psutil

from normlab.local.process import Process
from normlab.spec import JobSpec
from support.workers import Service, children, wait_until


def test_a_child_that_holds_too_much_is_replaced_between_two_jobs(
    own_service: Service, make_spec: Callable[..., JobSpec]
) -> None:
    diverging = make_spec(training={"optimizer": {"name": "sgd", "learning_rate": 1e9}})
    with own_service.worker(WORKER_PROCESSES="1", CHILD_WARM_BYTES="1") as worker:
        replaced = []
        for _ in range(2):
            child = wait_until(lambda: alive(worker)).pop()
            ended = own_service.wait_for_end(own_service.submit(diverging))
            assert (ended.attempt, ended.error_code) == (1, "nan_loss")
            wait_until(lambda child=child: alive(worker) and child not in alive(worker))
            replaced.append(child)
    log = (own_service.data_dir / "worker.log").read_text()
    assert [pid for pid in replaced if f"pid:{pid} exited with" in log] == []


def alive(worker: Process) -> set[int]:
    return {child.pid for child in children(worker) if child.status() != psutil.STATUS_ZOMBIE}
