"""Many jobs in a database, made by copying the rows of one: it works for the tables of every build."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

BATCH = 2_000
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)
STATES = ("succeeded", "failed", "cancelled")
EPOCHS = 10

_EPOCH = {
    "attempt": 1, "learning_rate": 0.01, "loss": 0.5, "accuracy": 0.8, "val_loss": 0.5, "val_accuracy": 0.8,
    "train_seconds": 1.0, "evaluate_seconds": 0.1, "compile_seconds": 0.0,
}  # fmt: skip


class Rows:
    """Writes rows past the service, which must not run a job of them."""

    def __init__(self, url: str, database: str) -> None:
        self._engine = sa.create_engine(database)
        self._tables = sa.MetaData()
        self._tables.reflect(self._engine)
        body = {"architecture": "baseline", "tags": ["template"]}
        self._job = httpx.post(f"{url}/jobs", json=body).raise_for_status().json()["id"]

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()

    def add_jobs(self, count: int, *, epochs: int = EPOCHS) -> list[str]:
        """So many jobs that ended, each with its epochs, events and two tags. Gives some of their ids."""
        jobs, events, tags, metrics = (
            self._tables.tables[name] for name in ("jobs", "events", "job_tags", "epochs")
        )
        with self._engine.begin() as connection:
            template = dict(
                connection.execute(sa.select(jobs).where(jobs.c.id == self._job)).mappings().one()
            )
            event = dict(
                connection.execute(sa.select(events).where(events.c.job_id == self._job)).mappings().first()
                or {}
            )
            for first in range(0, count, BATCH):
                numbers = range(first, min(first + BATCH, count))
                rows = [self._row(template, number) for number in numbers]
                connection.execute(jobs.insert(), rows)
                connection.execute(events.insert(), [self._event(event, row) for row in rows])
                connection.execute(
                    tags.insert(),
                    [
                        {"job_id": row["id"], "tag": tag, "position": position}
                        for number, row in zip(numbers, rows, strict=True)
                        for position, tag in enumerate((f"t{number % 100}", "all"))
                    ],
                )
                if epochs:
                    connection.execute(
                        metrics.insert(),
                        [
                            self._epoch(metrics, row["id"], epoch)
                            for row in rows
                            for epoch in range(1, epochs + 1)
                        ],
                    )
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("ANALYZE"))
        return [_identifier(number) for number in range(count - 1, max(-1, count - 51), -1)]

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

    def _row(self, template: Mapping[str, Any], number: int) -> dict[str, Any]:
        at = _same_kind(template["created_at"], BEGIN + timedelta(seconds=number))
        return {
            **template,
            "id": _identifier(number),
            "name": f"n{number % 1000}",
            "state": STATES[number % len(STATES)],
            "attempt": 1,
            "created_at": at, "queued_at": at, "started_at": at, "finished_at": at, "updated_at": at,
        }  # fmt: skip

    def _event(self, template: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
        return {**template, "job_id": row["id"], "at": row["created_at"]}

    def _epoch(self, table: sa.Table, job: str, epoch: int) -> dict[str, Any]:
        row = {
            **_EPOCH,
            "job_id": job,
            "epoch": epoch,
            "elapsed_seconds": float(epoch),
            "recorded_at": _same_kind("", BEGIN),
        }
        return {name: value for name, value in row.items() if name in table.c}


def _identifier(number: int) -> str:
    return f"job_00{number:024d}"


def _same_kind(like: Any, at: datetime) -> Any:
    """A time as the driver gave the template's: SQLite's tables hold text."""
    return at.isoformat(sep=" ") if isinstance(like, str) else at
