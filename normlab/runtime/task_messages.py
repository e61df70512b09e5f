"""Messages to Celery's workers, made of one that Celery and kombu have made: what differs is put in.

Celery's and kombu's way from a task to a message on a list of Redis takes longer than storing the job.
"""

import base64
import json
from typing import Any

from celery import Celery, uuid
from kombu.connection import Connection
from kombu.messaging import Producer

_TASK, _JOB, _TAG = "{task}", "{job}", "{tag}"


class TaskMessages:
    """Messages that ask for one task, with a text as its only argument."""

    def __init__(self, app: Celery, task: str, queue: str) -> None:
        asked = app.amqp.as_task_v2(_TASK, task, args=[_JOB], ignore_result=True)
        made = _published(asked, queue)
        self._body = base64.b64decode(made["body"]).decode()
        made["properties"]["delivery_tag"] = _TAG
        self._before, self._after = json.dumps(made | {"body": "{body}"}).split("{body}")

    def about(self, job_id: str) -> str:
        """A message as it stands on the list."""
        body = base64.b64encode(self._body.replace(_JOB, job_id).encode()).decode()
        rest = self._after.replace(_TASK, uuid()).replace(_TAG, uuid()).replace(_JOB, job_id)
        return f"{self._before}{body}{rest}"


def _published(task: Any, queue: str) -> dict[str, Any]:
    """A task's message as kombu would put it on the queue's list."""
    memory: Any = Connection("memory://")  # type: ignore[no-untyped-call]  # kombu's
    with memory, memory.channel() as channel:
        producer: Any = Producer(channel)  # type: ignore[no-untyped-call]  # kombu's
        producer.publish(
            task.body,
            exchange="",
            routing_key=queue,
            serializer="json",
            headers=task.headers,
            **task.properties,
        )
        made: dict[str, Any] = channel._get(queue)  # nothing else gives it whole
    return made
