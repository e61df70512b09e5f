"""Celery's settings for tasks that take long, and must run once."""

from typing import Any

from normlab.runtime.notifier import QUEUE, transport_options
from normlab.settings import Settings

SILENT_SECONDS = 30
"""A broker that says nothing for so long is taken for dead."""
IMPORT_SECONDS = 180.0
"""A child may take so long to import TensorFlow on a busy machine; Celery's default of 4 s is below what it takes."""


def celery_settings(settings: Settings) -> dict[str, Any]:
    """The settings, each with its reason."""
    return {
        "broker_url": settings.resolved_broker_url,
        "broker_transport_options": transport_options(socket_timeout=SILENT_SECONDS),
        # A broker that is away is waited for, at the start and later, for as long as it takes.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # Messages are JSON; nothing that somebody sends is ever unpickled.
        "accept_content": ["json"],
        "task_serializer": "json",
        "result_serializer": "json",
        # The database has the results.
        "task_ignore_result": True,
        # Acknowledged when taken: the broker would redeliver a late one after an hour and train twice. What a
        # dead worker had is found by its lease instead.
        "task_acks_late": False,
        "task_default_queue": QUEUE,
        # A child takes a message when it is free, so that none waits behind a long training.
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,
        "worker_pool": "worker.pool:TaskPool",  # prefork, and replaces its children by jobs done, not by messages
        "worker_proc_alive_timeout": IMPORT_SECONDS,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_send_task_events": False,
        # Nobody controls a worker through the broker; whoever can write there must not be able to, either.
        "worker_enable_remote_control": False,
        "worker_hijack_root_logger": True,
        "worker_redirect_stdouts": False,
    }
