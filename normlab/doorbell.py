"""The doorbell: tells the workers that a job waits.

A message carries one job's id and nothing that matters: the database decides what happens, so a message that
is lost, repeated or late does no harm. The janitor rings again for jobs that nobody came for.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from celery import Celery

TASK_NAME = "normlab.train"
QUEUE = "train"

RING_SECONDS = 1.0
"""The longest that ringing may hold up whoever rings."""

_logger = logging.getLogger(__name__)


def transport_options(*, socket_timeout: float) -> dict[str, Any]:
    """Options of kombu's Redis transport that both sides need, so that a silent connection is noticed."""
    return {
        "socket_timeout": socket_timeout,
        "socket_connect_timeout": min(socket_timeout, 5),
        "socket_keepalive": True,
        "health_check_interval": 25,
    }


class Doorbell:
    """Rings at the broker's door. Threads may share it; it opens its connection at the first ring."""

    def __init__(self, broker_url: str) -> None:
        self._app = Celery("normlab-doorbell", broker=broker_url, set_as_current=False)
        self._app.conf.update(
            task_serializer="json",
            task_ignore_result=True,
            broker_transport_options=transport_options(socket_timeout=RING_SECONDS / 2),
        )
        # One thread talks to the broker: a connection that hangs then delays rings, but never a caller.
        self._ringer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="doorbell")

    def ring(self, job_id: str) -> bool:
        """Say that this job waits. False, after a second at most: the broker did not take the message."""
        return bool(self._ask(self._send, job_id))

    def pending(self) -> int | None:
        """How many messages wait to be taken by a worker; None if the broker does not answer."""
        answer: int | None = self._ask(self._count)
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._ringer.shutdown(wait=True, cancel_futures=True)
        self._app.close()

    def _ask(self, question: Any, *arguments: Any) -> Any:
        future = self._ringer.submit(question, *arguments)
        try:
            return future.result(timeout=RING_SECONDS)
        except Exception as error:
            future.cancel()
            _logger.warning(
                "the broker does not answer (%s); the janitor will ring again", type(error).__name__
            )
            return None

    def _send(self, job_id: str) -> bool:
        self._app.send_task(TASK_NAME, args=[job_id], queue=QUEUE, ignore_result=True, retry=False)
        return True

    def _count(self) -> int:
        # Its own connection: rare, and one of the pool that broke would have to be mended first.
        with self._app.connection_for_read() as connection, connection.channel() as channel:
            return int(channel.queue_declare(QUEUE, durable=True).message_count)
