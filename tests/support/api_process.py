"""The API as a process of its own, on a free port."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from normlab.settings import Settings


@contextmanager
def api_process(settings: Settings) -> Iterator[httpx.Client]:
    """A client of a new process that works with the database, the broker and the files of these settings."""
    log = settings.data_dir / f"api-{time.monotonic_ns()}.log"
    environment = {
        **os.environ,
        "NORMLAB_DATA_DIR": str(settings.data_dir),
        "NORMLAB_DATABASE_URL": settings.resolved_database_url,
        "NORMLAB_BROKER_URL": settings.resolved_broker_url,
        "NORMLAB_MAINTENANCE_SECONDS": str(settings.maintenance_seconds),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "api", "--port", "0"], env=environment, stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + 60
        while not (found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())):
            assert time.monotonic() < deadline
            assert process.poll() is None, log.read_text()
            time.sleep(0.02)
        with httpx.Client(base_url=found[0], timeout=30) as http:
            yield http
    finally:
        process.kill()
        process.wait()
