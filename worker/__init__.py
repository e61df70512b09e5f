"""The Celery process: claims jobs, trains them, reports. ``python -m worker`` starts it."""
