"""The Celery process: claims jobs, trains them, reports. ``normlab-worker`` starts it."""
