"""Celery's pool of children, but a child that waits says that it lives, and ends when it is worn out.

Celery itself would count messages for which there was no job, and measure memory that all children share, and so
replace children (and import TensorFlow) again and again. This is built on parts of Celery and billiard that they do
not document; ``tests/worker/test_pool.py`` notices when these move.
"""

import sys
from collections.abc import Callable
from typing import Any

from billiard.pool import EX_RECYCLE
from celery.concurrency import asynpool, prefork

POLL_SECONDS = 1.0
"""How often a waiting child says that it lives."""


class Worker(asynpool.Worker):  # type: ignore[misc]  # Celery has no types
    """What runs in a child."""

    def _make_child_methods(self, *arguments: Any) -> None:
        super()._make_child_methods(*arguments)
        take: Callable[[], Any] = self.wait_for_job

        def wait_for_job() -> Any:
            from worker.app import processes  # noqa: PLC0415 - it names this pool

            if processes.child_worn_out:
                # The pool starts another child, which gets the message that may have been written to this one.
                sys.exit(EX_RECYCLE)
            processes.child_lives()
            while not self.inq._reader.poll(POLL_SECONDS):
                processes.child_lives()
            return take()

        self.wait_for_job: Callable[[], Any] = wait_for_job


class AsynPool(asynpool.AsynPool):  # type: ignore[misc]  # Celery has no types
    """The processes."""

    Worker = Worker


class TaskPool(prefork.TaskPool):  # type: ignore[misc]  # Celery has no types
    """What ``worker_pool`` names."""

    Pool = AsynPool
