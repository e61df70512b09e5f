"""The notifier: tells the workers that a job waits.

A message carries one job's id and nothing that matters: the database decides what happens, so a message that
is lost, repeated or late does no harm. The janitor rings again for jobs that nobody came for.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from celery import Celery

TASK_NAME = "normlab.train"
QUEUE = "train"

RING_SECONDS = 0.5
"""The longest that ringing may hold up whoever rings."""

_logger = logging.getLogger(__name__)
T = TypeVar("T")


def transport_options(*, socket_timeout: float) -> dict[str, Any]:
    """Options of kombu's Redis transport that both sides need, so that a silent connection is noticed."""
    return {
        "socket_timeout": socket_timeout,
        "socket_connect_timeout": min(socket_timeout, 5),
        "socket_keepalive": True,
        "health_check_interval": 25,
    }


class Notifier:
    """Rings at the broker's door. Threads may share it; it opens its connection at the first ring.

    One thread of its own talks to the broker. The Redis client tries for seconds when nobody answers; that
    delays this thread, and nobody else.
    """

    def __init__(self, broker_url: str) -> None:
        self._app = Celery("normlab-notifier", broker=broker_url, set_as_current=False)
        self._app.conf.update(
            task_serializer="json",
            task_ignore_result=True,
            broker_transport_options=transport_options(socket_timeout=RING_SECONDS),
        )
        self._questions: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._unanswered: Future[Any] | None = None
        self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
        self._thread.start()

    def notify(self, job_id: str) -> bool:
        """Say that this job waits. False, after half a second at most: the broker did not take the message."""
        return self._ask(lambda: self._send(job_id)) or False

    def pending(self) -> int | None:
        """How many messages wait to be taken by a worker; None if the broker does not answer."""
        return self._ask(self._count)

    def close(self) -> None:
        """Close the connection; one that hangs is left to the end of the process."""
        self._questions.put(None)
        self._thread.join(RING_SECONDS)
        if not self._thread.is_alive():
            self._app.close()

    def _ask(self, question: Callable[[], T]) -> T | None:
        if self._unanswered is not None and not self._unanswered.done():
            return None  # the thread still waits for an answer that did not come in time
        future: Future[T] = Future()
        self._questions.put((future, question))
        try:
            return future.result(timeout=RING_SECONDS)
        except Exception as error:
            # Whatever is wrong with the broker: the job is stored.
            future.cancel()
            self._unanswered = future if future.running() else self._unanswered
            _logger.warning(
                "the broker does not answer (%s); the janitor will ring again", type(error).__name__
            )
            return None

    def _run(self) -> None:
        while (item := self._questions.get()) is not None:
            future, question = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(question())
            except Exception as error:
                future.set_exception(error)

    def _send(self, job_id: str) -> bool:
        self._app.send_task(TASK_NAME, args=[job_id], queue=QUEUE, ignore_result=True, retry=False)
        return True

    def _count(self) -> int:
        # Its own connection: rare, and one of the pool that broke would have to be mended first.
        with self._app.connection_for_read() as connection, connection.channel() as channel:
            return int(channel.queue_declare(QUEUE, durable=True).message_count)
