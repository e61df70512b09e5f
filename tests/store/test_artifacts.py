import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from normlab.errors import ArtifactError, ArtifactStoreError, LostArtifactError, SetupError
from normlab.store import ArtifactKind, ArtifactStore, Database, Job, artifacts, deletion
from normlab.store.artifacts import StoredFile
from normlab.store.jobs import endings
from normlab.store.jobs.endings import Outcome

ClaimJob = Callable[..., Job]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"weights" * 500_000)
    return path


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(
        str(tmp_path / "artifacts") if request.param == "folder" else f"memory://{tmp_path.name}"
    )


def test_a_file_comes_back_as_it_went_in(store: ArtifactStore, source: Path) -> None:
    stored = store.put("job_1", 2, ArtifactKind.ONNX, source, "application/octet-stream")
    content = source.read_bytes()
    assert stored == StoredFile(
        kind=ArtifactKind.ONNX,
        path="job_1/2/model.onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        media_type="application/octet-stream",
    )
    assert store.read(stored) == content
    with store.open(stored) as handle:
        assert handle.read(7) == b"weights"


def test_an_attempts_files_are_its_own(store: ArtifactStore, source: Path) -> None:
    first, second = (store.put("job_1", attempt, ArtifactKind.ONNX, source, "x/y") for attempt in (1, 2))
    store.delete("job_1", 1)
    assert store.read(second)
    with pytest.raises(LostArtifactError, match="the onnx file of job job_1 is lost"):
        store.read(first)
    store.delete("job_1")
    with pytest.raises(ArtifactError, match="artifact store"):
        store.read(second)
    store.delete("job_1")


def test_a_store_that_is_not_there_has_lost_nothing(source: Path, tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path / "artifacts"))
    stored = store.put("job_1", 1, ArtifactKind.ONNX, source, "x/y")
    (tmp_path / "artifacts").rename(tmp_path / "elsewhere")
    with pytest.raises(ArtifactStoreError, match="is not there"):
        store.read(stored)


def test_a_file_that_changed_is_noticed(source: Path, tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path / "artifacts"))
    stored = store.put("job_1", 1, ArtifactKind.ONNX, source, "x/y")
    (tmp_path / "artifacts" / stored.path).write_bytes(b"something else")
    with pytest.raises(ArtifactError, match="the onnx file of job job_1 is damaged"):
        store.read(stored)


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../b"])
def test_a_path_outside_the_store_is_refused(store: ArtifactStore, path: str) -> None:
    outside = StoredFile(ArtifactKind.ONNX, path, "", 0, "x/y")
    with pytest.raises(ArtifactError, match="must lie below the artifact store's root"), store.open(outside):
        pass


def test_a_finished_jobs_files_are_listed(
    database: Database, claim_job: ClaimJob, source: Path, tmp_path: Path
) -> None:
    store = ArtifactStore(str(tmp_path / "artifacts"))
    job = claim_job()
    files = [store.put(job.id, 1, kind, source, "x/y") for kind in (ArtifactKind.ONNX, ArtifactKind.KERAS)]
    outcome = Outcome(
        result={"epochs": 3}, timings={}, environment={}, digests={}, layers=[], artifacts=files
    )
    with database.write() as session:
        endings.finish(session, job.id, 1, outcome)
    with database.read() as session:
        assert [row.kind for row in artifacts.of_job(session, job.id)] == ["keras", "onnx"]
        onnx = artifacts.get(session, job.id, ArtifactKind.ONNX)
        assert artifacts.get(session, job.id, ArtifactKind.HISTORY) is None
    assert onnx is not None
    assert store.read(onnx) == source.read_bytes()
    with database.write() as session:
        deletion.delete_job(session, job.id)
    with database.read() as session:
        assert artifacts.of_job(session, job.id) == []


def test_a_stored_file_and_the_folders_made_for_it_are_written_to_the_disk(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    store = ArtifactStore(str(tmp_path / "data" / "artifacts"))
    store.put("job_1", 1, ArtifactKind.ONNX, source, "x/y")
    root = tmp_path / "data" / "artifacts"
    made = [
        root / "job_1" / "1" / "model.onnx",
        root / "job_1" / "1",
        root / "job_1",
        root,
        root.parent,
        tmp_path,
    ]
    assert set(synced) == {path.stat().st_ino for path in made}
    synced.clear()
    store.put("job_1", 2, ArtifactKind.ONNX, source, "x/y")
    attempt = root / "job_1" / "2"
    assert set(synced) == {path.stat().st_ino for path in (attempt / "model.onnx", attempt, root / "job_1")}


@pytest.mark.parametrize(
    ("url", "sentence"), [("nosuch://bucket/x", "no kind of place"), ("gs://bucket", "gcsfs")]
)
def test_a_place_that_cannot_be_reached_is_named_by_its_setting(url: str, sentence: str) -> None:
    with pytest.raises(SetupError, match=f"NORMLAB_ARTIFACTS_URL begins with .*{sentence}"):
        ArtifactStore(url)
