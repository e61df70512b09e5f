"""Ends jobs of a comparison as a worker would, by writing their rows and files: nothing is trained."""

import hashlib
import io
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from normlab.spec import parse_job_spec
from normlab.spec.measurements import Measured
from support.measured_runs import measured_run

EPOCHS = 10
TEST_EXAMPLES = 10_000
TIME = datetime(2026, 1, 1, tzinfo=UTC)

_LOAD = {"core_share": 0.99, "busy_beside": 0.02, "cpu_seconds": 12.0}
_ENVIRONMENT = {
    "normlab": "0.1.0", "tensorflow": "2.21.0", "keras": "3.15.1", "numpy": "2.4.6", "python": "3.11.7",
    "platform": "Linux", "device": "cpu", "device_name": "a processor", "executor": "xla", "load": _LOAD,
}  # fmt: skip


class JobEndings:
    """Writes past the service what it would find when jobs have ended; for the tables of every build."""

    def __init__(self, database: str, artifacts: Path) -> None:
        self._engine = sa.create_engine(database)
        self._artifacts = artifacts
        self._tables = sa.MetaData()
        self._tables.reflect(self._engine)
        self._is_text = self._engine.dialect.name == "sqlite"

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()

    def end(self, comparison_id: str, *, but: int = 0) -> None:
        """End all jobs of a comparison that have not ended, but for the last of them."""
        members, jobs = self._tables.tables["comparison_jobs"], self._tables.tables["jobs"]
        query = (
            sa.select(members.c.job_id, members.c.arm, members.c.seed, jobs.c.event_count)
            .join_from(members, jobs, jobs.c.id == members.c.job_id)
            .where(members.c.comparison_id == comparison_id, jobs.c.state == "queued")
            .order_by(members.c.replicate, members.c.arm)
        )
        with self._engine.begin() as connection:
            waiting = connection.execute(query).all()
            ended = [tuple(row) for row in (waiting[:-but] if but else waiting)]
            if ended:
                self._write(connection, ended)

    def _write(self, connection: sa.Connection, ended: list[tuple[str, int, int, int]]) -> None:
        jobs = self._tables.tables["jobs"]
        at = TIME.strftime("%Y-%m-%dT%H:%M:%S.000Z") if self._is_text else TIME
        results = [
            {
                "job": job,
                "count": first + EPOCHS + 2,
                "result": _result(accuracy(arm, seed)),
                "digests": {"final_weights": hashlib.sha256(job.encode()).hexdigest()},
            }
            for job, arm, seed, first in ended
        ]
        connection.execute(
            jobs.update()
            .where(jobs.c.id == sa.bindparam("job"))
            .values(
                state="succeeded",
                attempt=1,
                started_at=at,
                finished_at=at,
                event_count=sa.bindparam("count"),
                result=sa.bindparam("result"),
                digests=sa.bindparam("digests"),
                timings={"starting_seconds": 0.5, "compiling_seconds": 1.0, "total_seconds": 15.0},
                environment=_ENVIRONMENT,
                layers=[],
            ),
            results,
        )
        self._insert(connection, "epochs", self._epochs(ended, at))
        self._insert(connection, "events", _events(ended, at))
        self._insert(connection, "artifacts", self._files(ended, at))
        self._measure(connection, [job for job, *_ in ended])

    def measure(self, jobs: list[str]) -> None:
        """Write what standard probes would have measured in these jobs at the end of each epoch."""
        with self._engine.begin() as connection:
            self._measure(connection, jobs)

    def _measure(self, connection: sa.Connection, jobs: list[str]) -> None:
        table = self._tables.tables.get("measurements")
        if table is None:  # an older build has none
            return
        specs = self._tables.tables["jobs"].c
        for job in jobs:
            spec = connection.scalar(sa.select(specs.spec).where(specs.id == job))
            rows = [asdict(row) | {"job_id": job, "attempt": 1} for row in _of_probes(json.dumps(spec))]
            for row in rows:
                row["value"] *= 1 + 0.1 * math.sin(hash((job, row["layer"], row["step"])))
            connection.execute(table.insert(), rows)

    def _insert(self, connection: sa.Connection, table: str, rows: Iterable[dict[str, Any]]) -> None:
        columns = self._tables.tables[table]
        names = set(columns.c.keys())
        kept = [{name: value for name, value in row.items() if name in names} for row in rows]
        connection.execute(columns.insert(), kept)

    def _epochs(self, ended: list[tuple[str, int, int, int]], at: Any) -> Iterator[dict[str, Any]]:
        for job, arm, seed, _ in ended:
            for epoch in range(1, EPOCHS + 1):
                reached = accuracy(arm, seed) - 0.2 / epoch + 0.2 / EPOCHS
                yield {
                    "job_id": job, "epoch": epoch, "attempt": 1, "learning_rate": 0.001,
                    "loss": 1 - reached, "accuracy": reached, "val_loss": 1.01 - reached, "val_accuracy": reached,
                    "train_seconds": 1.2 + 0.01 * math.sin(seed + epoch), "evaluate_seconds": 0.1,
                    "compile_seconds": 0.0, "elapsed_seconds": 1.3 * epoch, "recorded_at": at,
                }  # fmt: skip

    def _files(self, ended: list[tuple[str, int, int, int]], at: Any) -> Iterator[dict[str, Any]]:
        for job, arm, seed, _ in ended:
            right = np.random.default_rng(seed).random(TEST_EXAMPLES) < accuracy(arm, seed)
            buffer = io.BytesIO()
            np.save(buffer, right)
            content = buffer.getvalue()
            path = f"{job}/1/test_correct.npy"
            (self._artifacts / path).parent.mkdir(parents=True, exist_ok=True)
            (self._artifacts / path).write_bytes(content)
            yield {
                "job_id": job, "kind": "test_correct", "path": path, "bytes": len(content), "recorded_at": at,
                "sha256": hashlib.sha256(content).hexdigest(), "media_type": "application/x-npy",
            }  # fmt: skip


@lru_cache
def _of_probes(spec: str) -> tuple[Measured, ...]:
    document = json.loads(spec)
    document["training"]["seed"] = 0
    return tuple(measured_run(parse_job_spec(document)))


def _result(test_accuracy: float) -> dict[str, Any]:
    return {"epochs": EPOCHS, "kept_epoch": EPOCHS, "test_accuracy": test_accuracy, "test_loss": 0.6}


def accuracy(arm: int, seed: int) -> float:
    """What an arm's run of a seed comes to: arms lie some tenths of a point apart, seeds half a point."""
    return 0.8 + 0.003 * arm + 0.005 * math.sin(1.7 * seed) + 0.003 * math.cos(2.3 * seed + arm)


def _events(ended: list[tuple[str, int, int, int]], at: Any) -> Iterator[dict[str, Any]]:
    for job, _, _, first in ended:
        kinds = ["state", *["epoch"] * EPOCHS, "state"]
        for number, kind in enumerate(kinds, first + 1):
            state = "running" if number == first + 1 else "succeeded"
            data = {"state": state, "reason": "bench"} if kind == "state" else {"epoch": number - first - 1}
            yield {"job_id": job, "number": number, "kind": kind, "at": at, "attempt": 1, "data": data}
