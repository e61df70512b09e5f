"""The notifier: tells the workers that a job waits.

A message carries one job's id and nothing that matters: the database decides what happens, so a message that
is lost, repeated or late does no harm. The maintenance loop notifies again for jobs that nobody came for.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from celery import Celery
from redis import Redis

from normlab.runtime.task_messages import TaskMessages

TASK_NAME = "normlab.train"
QUEUE = "train"

NOTIFY_SECONDS = 0.5
"""The longest that notifying may hold up whoever does it."""

MAX_SOON = 1000
"""The most messages that wait for the notifier's thread; of more, the oldest are left to the maintenance loop."""
SENT_AT_ONCE = 50
"""After so many of them, others get their turn in that thread."""

_AWAY = "the broker does not answer (%s); the maintenance loop will notify again"
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
    """Sends messages to the broker. Threads may share it; it opens its connection with the first message.

    One thread of its own talks to the broker. The Redis client tries for seconds when nobody answers; that
    delays this thread, and nobody else.
    """

    def __init__(self, broker_url: str) -> None:
        self._app = Celery("normlab-notifier", broker=broker_url, set_as_current=False)
        self._app.conf.update(
            task_serializer="json",
            task_ignore_result=True,
            broker_transport_options=transport_options(socket_timeout=NOTIFY_SECONDS),
        )
        self._messages = TaskMessages(self._app, TASK_NAME, QUEUE)
        self._connection: Any = None
        """Kombu's, whose pool the client takes its connections from."""
        self._redis: Redis | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="notifier")
        self._unanswered: Future[Any] | None = None
        self._soon: deque[str] = deque(maxlen=MAX_SOON)
        self._sends_soon = False

    def notify(self, job_id: str) -> bool:
        """Say that this job waits. False, after half a second at most: the broker did not take the message."""
        return self._ask(lambda: self._send([job_id])) or False

    def notify_soon(self, job_id: str) -> None:
        """The same in a moment: nobody waits for it. What the broker does not take, the maintenance loop sends."""
        self._soon.append(job_id)
        self._send_soon()

    def pending(self) -> int | None:
        """How many messages wait to be taken by a worker; None if the broker does not answer."""
        return self._ask(self._count)

    def close(self) -> None:
        """Close the connection; one that hangs ends with its own time limit."""
        self._ask(self._disconnect)
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _ask(self, question: Callable[[], T]) -> T | None:
        if self._unanswered is not None and not self._unanswered.done():
            return None  # the thread still waits for an answer that did not come in time
        future = self._executor.submit(question)
        try:
            return future.result(timeout=NOTIFY_SECONDS)
        except Exception as error:
            # Whatever is wrong with the broker: the job is stored.
            self._unanswered = None if future.cancel() else future
            _logger.warning(_AWAY, type(error).__name__)
            return None

    def _send(self, job_ids: Sequence[str]) -> bool:
        if job_ids:
            self._client().lpush(QUEUE, *map(self._messages.about, job_ids))
        return True

    def _client(self) -> Redis:
        """Redis as kombu is connected with it; only the notifier's thread uses it. It connects anew when it must."""
        if self._redis is None:
            self._connection = self._app.connection_for_write()
            with self._connection.channel().conn_or_acquire() as client:
                self._redis = client
        return self._redis

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.release()
        self._app.close()

    def _send_soon(self) -> None:
        if not self._sends_soon:
            self._sends_soon = True
            self._executor.submit(self._send_some)

    def _send_some(self) -> None:
        try:
            self._send([self._soon.popleft() for _ in range(min(SENT_AT_ONCE, len(self._soon)))])
        except Exception as error:
            self._soon.clear()
            _logger.warning(_AWAY, type(error).__name__)
        self._sends_soon = False
        if self._soon:
            self._send_soon()

    def _count(self) -> int:
        # Its own connection: rare, and one of the pool that broke would have to be mended first.
        with self._app.connection_for_read() as connection, connection.channel() as channel:
            return int(channel.queue_declare(QUEUE, durable=True).message_count)
