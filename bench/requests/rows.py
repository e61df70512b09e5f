"""Many jobs in a database, made by copying the rows of one: it works for the tables of every build."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import sqlalchemy as sa
from copies import EPOCHS, Copies, digits

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)

_TEMPLATE = {"architecture": "baseline", "tags": ["template"]}


class Rows:
    """Writes rows past the service, which must not run a job of them."""

    def __init__(self, url: str, database: str) -> None:
        self._engine = sa.create_engine(database)
        self._tables = sa.MetaData()
        self._tables.reflect(self._engine)
        self._url = url
        self._job = httpx.post(f"{url}/jobs", json=_TEMPLATE).raise_for_status().json()["id"]

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()

    def add_jobs(self, count: int, *, epochs: int = EPOCHS) -> list[str]:
        """So many jobs that ended, with their epochs, events and tags. Gives the ids of the last fifty."""
        other = {**_TEMPLATE, "architecture": "batch_norm", "dataset": "digits"}
        other_job = httpx.post(f"{self._url}/jobs", json=other).raise_for_status().json()["id"]
        with self._engine.begin() as connection:
            Copies(connection, self._tables.tables).jobs(self._job, other_job, count, epochs=epochs)
        self._analyze()
        return [f"job_00{digits(number)}" for number in range(count - 1, max(-1, count - 51), -1)]

    def add_comparisons_and_names(self, count: int) -> None:
        """So many comparisons that ended, and names of models; there are as many jobs."""
        arms = [{"name": name, "spec": {"architecture": name}} for name in ("baseline", "batch_norm")]
        body = {"arms": arms, "replicates": 2, "fresh": True}
        comparison = (
            httpx.post(f"{self._url}/comparisons", json=body, timeout=60).raise_for_status().json()["id"]
        )
        with self._engine.begin() as connection:
            copies = Copies(connection, self._tables.tables)
            copies.comparisons(comparison, count)
            copies.models(count)
        self._analyze()

    def _analyze(self) -> None:
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("ANALYZE"))

    def add_children(self, count: int) -> None:
        """So many processes of a worker, as if they lived for ever."""
        children = self._tables.tables["worker_children"]
        seen_at = "9999-01-01T00:00:00.000Z" if self._engine.dialect.name == "sqlite" else FOR_EVER
        rows = [{"name": f"bench {number}", "has_gpu": False, "seen_at": seen_at} for number in range(count)]
        with self._engine.begin() as connection:
            connection.execute(children.insert(), rows)

    def add_network(self, artifacts: Path, onnx: bytes) -> str:
        """The id of a job that has succeeded, with this network."""
        jobs, files = self._tables.tables["jobs"], self._tables.tables["artifacts"]
        path = Path(self._job, "1", "model.onnx")
        (artifacts / path).parent.mkdir(parents=True, exist_ok=True)
        (artifacts / path).write_bytes(onnx)
        file = {
            "job_id": self._job,
            "kind": "onnx",
            "path": path.as_posix(),
            "sha256": hashlib.sha256(onnx).hexdigest(),
            "bytes": len(onnx),
            "media_type": "application/onnx",
        }
        with self._engine.begin() as connection:
            ended = {"state": "succeeded", "attempt": 1, "result": {"epochs": 1}}
            connection.execute(jobs.update().where(jobs.c.id == self._job).values(ended))
            at = connection.execute(sa.select(jobs.c.created_at).where(jobs.c.id == self._job)).scalar_one()
            connection.execute(files.insert(), file | {"recorded_at": at})
        return self._job

    def add_progress(self, job: str, seconds: int) -> None:
        """What a build has stored of a job that reported its progress once a second for so long: since revision 0009
        the newest alone, in the job's row, before that an event for each.
        """
        jobs, events = self._tables.tables["jobs"], self._tables.tables["events"]
        data = {"phase": "training", "epoch": 1, "epochs": 1, "step": 100, "steps": 1719, "fraction": 0.05}
        with self._engine.begin() as connection:
            of_job = jobs.update().where(jobs.c.id == job)
            connection.execute(of_job.values(progress=data))
            if connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one() >= "0009":
                return
            first = connection.execute(sa.select(jobs.c.event_count).where(jobs.c.id == job)).scalar_one()
            template = {"job_id": job, "kind": "progress", "attempt": 1, "data": data}
            rows = [
                template | {"number": first + second, "at": BEGIN + timedelta(seconds=second)}
                for second in range(1, seconds + 1)
            ]
            connection.execute(events.insert(), rows)
            connection.execute(of_job.values(event_count=first + seconds))
