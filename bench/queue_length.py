"""What a waiting job's place and a claim cost while the queue grows: ``python bench/queue_length.py [DATABASE_URL]``.

Without a URL: a SQLite file in a temporary folder. The database must be empty.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta

import migrations
from normlab.spec import JobSpec, parse_job_spec
from normlab.store import Database, Job
from normlab.store.jobs import endings, jobs, leases, queue, workers

LENGTHS = (100, 1_000, 10_000)
MEASURED = 300
OUTCOME = endings.Outcome({"epochs": 1}, {}, {}, {}, [])


def succeed(database: Database, spec: JobSpec) -> None:
    with database.write() as session:
        job = jobs.create(session, spec)
        leases.claim(session, job.id, worker="w", lease_seconds=600)
        endings.finish(session, job.id, 1, OUTCOME)
        done = session.get_one(Job, job.id)
        assert done.finished_at is not None
        done.started_at = done.finished_at - timedelta(seconds=60)


def milliseconds(what: Callable[[], object], times: int = 20) -> float:
    """The fastest of several tries."""
    tries = []
    for _ in range(times):
        began = time.perf_counter()
        what()
        tries.append(time.perf_counter() - began)
    return 1000 * min(tries)


def main(url: str) -> None:
    migrations.upgrade(url)
    database = Database(url)
    spec = parse_job_spec({"architecture": "baseline", "dataset": "digits"})
    with database.write() as session:
        for child in range(4):
            workers.announce(session, f"host/1/{child}", has_gpu=False)
    for _ in range(MEASURED):
        succeed(database, spec)
    waiting: list[str] = []

    def place() -> None:
        with database.read() as session:
            assert queue.places(session, waiting[-1:])[waiting[-1]].position == len(waiting)

    def page() -> None:
        with database.read() as session:
            assert len(queue.places(session, waiting[-50:])) == 50

    def claim() -> None:
        with database.write() as session:
            assert leases.claim_next(session, worker="w", lease_seconds=600) is not None
            session.rollback()

    print("waiting  place of the last (ms)  of the last 50 (ms)  a claim (ms)")
    for length in LENGTHS:
        with database.write() as session:
            waiting += [jobs.create(session, spec).id for _ in range(length - len(waiting))]
        figures = [milliseconds(what) for what in (place, page, claim)]
        print(f"{length:7,}  {figures[0]:22.2f}  {figures[1]:19.2f}  {figures[2]:12.2f}")
    database.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{folder}/normlab.db")
