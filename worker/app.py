"""The Celery app, put together: ``celery -A worker.app worker`` finds it here, ``normlab-worker`` runs it."""

from celery import Celery

from normlab.runtime.notifier import TASK_NAME
from normlab.settings import Settings
from worker.celery_settings import celery_settings
from worker.signals import Processes

settings = Settings()
processes = Processes(settings)
app = Celery("normlab")
app.conf.update(celery_settings(settings))
processes.connect()
app.task(processes.train, name=TASK_NAME)
