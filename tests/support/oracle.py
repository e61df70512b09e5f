"""What must be true after every fault, whatever it was."""

import io
import zipfile
from collections.abc import Collection, Sequence

import numpy as np
import onnxruntime
from sqlalchemy import func, select, text

from normlab.store import (
    Artifact,
    ArtifactKind,
    ArtifactStore,
    Database,
    Event,
    EventKind,
    Job,
    JobState,
    artifacts,
)
from normlab.store.base import Base
from normlab.store.jobs import events, jobs, reports
from support.plant import Plant


def assert_all_is_well(plant: Plant, job_ids: Collection[str], *, seconds: float = 120) -> None:
    """Every accepted job has one end and its epochs once, its files are whole, and nothing is left lying about."""
    for job_id in job_ids:
        plant.wait_for_end(job_id, seconds)
    plant.wait_until(
        lambda: not plant.checkpoints_dir.exists() or not any(plant.checkpoints_dir.iterdir()),
        "no checkpoint and no temporary file is left",
    )
    store = ArtifactStore(str(plant.artifacts_dir))
    for job_id in job_ids:
        _assert_told_consistently(plant.database, job_id)
        _assert_files_whole(plant, store, job_id)
    _assert_intact(plant.database)
    assert plant.refused == []


def _assert_told_consistently(database: Database, job_id: str) -> None:
    with database.read() as session:
        job = jobs.get(session, job_id)
        told = events.after(session, job_id, limit=1_000_000)
        epochs = reports.epochs(session, job_id)
    _assert_numbered(job, told)
    states = [event for event in told if event.kind is EventKind.STATE]
    assert states[-1].data["state"] == job.state
    ends = [event for event in states if JobState(event.data["state"]).final]
    assert len(ends) == 1 + sum(event.data["reason"] == "retried" for event in states)
    assert [event.attempt for event in told] == sorted(event.attempt for event in told)
    assert [row.epoch for row in epochs] == list(range(1, len(epochs) + 1))
    if job.state is JobState.SUCCEEDED:
        assert job.result is not None
        assert len(epochs) == job.result["epochs"]
    _assert_no_row_of_an_old_attempt(job, told, {row.epoch: row.attempt for row in epochs})


def _assert_numbered(job: Job, told: Sequence[Event]) -> None:
    """Events are numbered in their order without a gap, but that of measurements only the newest is kept."""
    numbers = [event.number for event in told]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == job.event_count
    measured = [event.number for event in told if event.kind is EventKind.MEASURED]
    assert len(measured) <= 1
    missing = set(range(1, job.event_count)) - set(numbers)
    assert not missing or max(missing) < measured[0]


def _assert_no_row_of_an_old_attempt(job: Job, told: Collection[Event], attempts: dict[int, int]) -> None:
    """An event carries the attempt that had the job when it was written, a row the one that wrote it."""
    had_the_job = {event.data["epoch"]: event.attempt for event in told if event.kind is EventKind.EPOCH}
    assert attempts == {epoch: had_the_job[epoch] for epoch in attempts}
    assert all(attempt <= job.attempt for attempt in attempts.values())


def _assert_files_whole(plant: Plant, store: ArtifactStore, job_id: str) -> None:
    with plant.database.read() as session:
        rows = artifacts.of_job(session, job_id)
        state = jobs.get(session, job_id).state
    assert (state is JobState.SUCCEEDED) == bool(rows)
    for row in rows:
        _assert_loads(row, store.read(row))
    folder = plant.artifacts_dir / job_id
    there = {path.relative_to(plant.artifacts_dir).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there == {row.path for row in rows}


def _assert_loads(row: Artifact, content: bytes) -> None:
    match row.kind:
        case ArtifactKind.ONNX:
            onnxruntime.InferenceSession(content)
        case ArtifactKind.KERAS | ArtifactKind.SAVED_MODEL:
            assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
        case ArtifactKind.TEST_CORRECT:
            np.load(io.BytesIO(content), allow_pickle=False)


def _assert_intact(database: Database) -> None:
    with database.read() as session:
        if database.is_sqlite:
            assert session.scalars(text("PRAGMA integrity_check")).all() == ["ok"]
            assert session.execute(text("PRAGMA foreign_key_check")).all() == []
        else:
            for table in Base.metadata.sorted_tables:  # each page that is read is compared with its checksum
                session.execute(
                    select(func.count(), func.max(text("length(t::text)"))).select_from(
                        text(f'"{table.name}" t')
                    )
                )
            failures = text("SELECT coalesce(sum(checksum_failures), 0) FROM pg_stat_database")
            assert session.scalar(failures) == 0
