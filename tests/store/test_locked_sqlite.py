import sqlite3
import threading
import time
from collections.abc import Callable

from normlab.spec import JobSpec
from normlab.store import Database
from normlab.store.jobs import jobs, leases


def test_nobody_sees_that_another_process_locks_the_database_for_seconds(
    sqlite_database: Database, make_spec: Callable[..., JobSpec]
) -> None:
    """A writer holds the lock for 5 s; readers go on, other writers wait, nobody gets an error."""
    with sqlite_database.write() as session:
        job_id = jobs.create(session, make_spec()).id
    path = sqlite_database.url.database
    assert path is not None
    locked, seconds = threading.Event(), 5.0

    def hold() -> None:
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        locked.set()
        time.sleep(seconds)
        blocker.execute("COMMIT")
        blocker.close()

    holding = threading.Thread(target=hold)
    holding.start()
    locked.wait()
    began = time.monotonic()
    with sqlite_database.read() as session:
        jobs.get(session, job_id)
    assert time.monotonic() - began < 1
    # Reads first, then writes: the order that fails without BEGIN IMMEDIATE.
    with sqlite_database.write() as session:
        jobs.get(session, job_id)
        assert leases.claim(session, job_id, worker="w", lease_seconds=60) is not None
    assert time.monotonic() - began > seconds / 2
    holding.join()
