"""A worker checks datasets that were added: they become ready or refused, and jobs are trained on them."""

import errno
import io
import os
import shutil
import signal
import time
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine

from normlab.errors import ArtifactStoreError
from normlab.settings import Settings
from normlab.spec import DatasetContent, parse_job_spec
from normlab.store import ArtifactStore, Database, DatasetState, DatasetVersion, Job, JobState
from normlab.store.datasets import checks, versions
from normlab.store.datasets.lookup import StoredDatasets
from normlab.store.datasets.versions import UPLOADS
from normlab.training.datasets import load_content
from support.dataset_versions import Upload, uploader
from support.workers import Service, wait_until
from worker import dataset_process
from worker.datasets import DatasetChecker
from worker.decoded_datasets import fetch_decoded

EIGHTS = 300


def digits(**more: Any) -> bytes:
    """Some of scikit-learn's digits as an npz."""
    data = load_digits()
    x, y = data.images[:EIGHTS].astype(np.uint8), data.target[:EIGHTS]
    buffer = io.BytesIO()
    np.savez(buffer, x_train=x[:240], y_train=y[:240], x_test=x[240:], y_test=y[240:], **more)
    return buffer.getvalue()


@pytest.fixture
def settings(sqlite_database: Database, tmp_path: Path) -> Settings:
    url = sqlite_database.url.render_as_string(hide_password=False)
    return Settings(data_dir=tmp_path, database_url=url, heartbeat_seconds=0.05)


@pytest.fixture
def upload(sqlite_database: Database, settings: Settings) -> Upload:
    return uploader(sqlite_database, ArtifactStore(settings.resolved_artifacts_url))


def get(database: Database, name: str) -> DatasetVersion:
    with database.read() as session:
        return versions.get(session, name)


def test_a_dataset_is_decoded_described_and_kept(
    settings: Settings, sqlite_database: Database, upload: Upload, tmp_path: Path
) -> None:
    made = upload("digits-again", digits(), seed=3)
    dataset_process.check_datasets(settings)
    found = get(sqlite_database, "digits-again")
    assert (found.state, found.reason, found.progress) == (DatasetState.READY, None, None)
    assert found.content is not None
    assert found.content["shape"] == [8, 8]
    assert (found.content["training_samples"], found.content["test_samples"]) == (240, 60)
    assert found.content["pixel_max"] == 16
    assert found.reading is not None
    assert (found.reading["format"], found.reading["parts"]["test"]) == ("npz", "given")
    assert found.card is not None
    store = ArtifactStore(settings.resolved_artifacts_url)
    with sqlite_database.read() as session:
        files = versions.files(session, made.id)
    pictures = {f"pictures/{each['mosaic']}" for each in found.card["classes"]}
    assert pictures <= set(files)
    with store.open_file(files[min(pictures)].path, "a picture") as picture:
        assert picture.read(4) == b"\x89PNG"
    assert store.files_in(UPLOADS) == {}, "the file itself is not needed any more"
    folder = settings.datasets_dir / "decoded" / found.content["digest"].removeprefix("sha256:")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    fetch_decoded(sqlite_database, store, found.content["digest"], elsewhere)
    for path in elsewhere.iterdir():
        assert path.read_bytes() == (folder / path.name).read_bytes()
    assert [path.name for path in folder.parent.glob(".ds_*")] == []


@pytest.mark.parametrize(
    "table",
    [
        ("iris.csv", [4], ["setosa", "versicolor", "virginica"], load_iris),
        ("wine_data.csv", [13], ["class_0", "class_1", "class_2"], load_wine),
        ("breast_cancer.csv", [30], ["malignant", "benign"], load_breast_cancer),
    ],
    ids=lambda table: table[0],
)
def test_scikit_learns_tables_are_read_as_they_lie_in_its_package(
    settings: Settings, sqlite_database: Database, upload: Upload, table: Any
) -> None:
    file, shape, classes, load = table
    upload("table", (resources.files("sklearn.datasets.data") / file).read_bytes())
    dataset_process.check_datasets(settings)
    found = get(sqlite_database, "table")
    assert (found.state, found.reason) == (DatasetState.READY, None)
    assert found.content is not None
    assert (found.content["shape"], found.content["classes"]) == (shape, classes)
    assert found.content["target"] == f"column_{shape[0] + 1}"
    assert "task" not in found.content
    arrays = load_content("table", DatasetContent.model_validate(found.content), settings.datasets_dir)
    x, y = load(return_X_y=True)
    rows = np.column_stack(
        [np.concatenate([arrays.x_train, arrays.x_test]), np.r_[arrays.y_train, arrays.y_test]]
    )
    wanted = np.column_stack([x, y]).astype(np.float32)
    np.testing.assert_array_equal(rows[np.lexsort(rows.T)], wanted[np.lexsort(wanted.T)])


def test_a_table_whose_target_is_a_number_is_described(
    settings: Settings, sqlite_database: Database, upload: Upload
) -> None:
    x, y = load_diabetes(return_X_y=True, scaled=False)
    names = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6", "progression"]
    rows = [names, *np.column_stack([x, y]).tolist()]
    content = "\n".join(",".join(map(str, row)) for row in rows).encode()
    upload("unclear", content, label_column="progression")
    upload("diabetes", content, label_column="last", task="regression", category_columns="sex")
    dataset_process.check_datasets(settings)
    refused = get(sqlite_database, "unclear")
    assert refused.state is DatasetState.REFUSED
    assert refused.reason is not None
    for phrase in ("classification", "regression", "214 different whole numbers"):
        assert phrase in refused.reason
    found = get(sqlite_database, "diabetes")
    assert (found.state, found.reason) == (DatasetState.READY, None)
    assert found.content is not None
    assert (found.content["task"], found.content["classes"]) == ("regression", [])
    assert found.card is not None
    sex = found.card["columns"][1]
    assert [category["name"] for category in sex["categories"]] == ["1", "2"]
    assert found.card["target"]["smallest"] >= y.min()
    content_again = DatasetContent.model_validate(found.content)
    arrays = load_content("diabetes", content_again, settings.datasets_dir)
    assert sorted([*arrays.y_train, *arrays.y_test]) == sorted(y.astype(np.float32))


@pytest.mark.parametrize(
    ("content", "phrase"),
    [
        (b"no file that anybody knows", "What can be read"),
        (digits()[:5000], ""),
        (b"\x80\x04\x95 a pickle", "pickles are never read"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(
    settings: Settings, sqlite_database: Database, upload: Upload, content: bytes, phrase: str
) -> None:
    upload("wrong", content)
    dataset_process.check_datasets(settings)
    found = get(sqlite_database, "wrong")
    assert found.state is DatasetState.REFUSED
    assert phrase in (found.reason or "")
    assert "nobody thought of" not in (found.reason or "")
    store = ArtifactStore(settings.resolved_artifacts_url)
    assert store.files_in(UPLOADS) == {}
    assert not (settings.data_dir / "artifacts" / found.id).exists()


def test_a_limit_of_the_operator_is_named(
    settings: Settings, sqlite_database: Database, upload: Upload
) -> None:
    upload("large", digits())
    limits = settings.dataset_limits.model_copy(update={"max_samples": 100})
    dataset_process.check_datasets(settings.model_copy(update={"dataset_limits": limits}))
    assert "100 are allowed (max_samples)" in (get(sqlite_database, "large").reason or "")


def test_a_check_ends_soon_when_it_is_cancelled(
    settings: Settings, sqlite_database: Database, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload("cancelled", digits())
    read = dataset_process.check

    def cancel_first(_settings: Any, store: Any, taken: Any, watch: Any, work: Path) -> Any:
        with sqlite_database.write() as session:
            checks.request_cancel(session, "cancelled")
        wait_until(lambda: watch._stopped)
        return read(settings, store, taken, watch, work)

    monkeypatch.setattr(dataset_process, "check", cancel_first)
    dataset_process.check_datasets(settings)
    assert get(sqlite_database, "cancelled").state is DatasetState.CANCELLED


def test_an_error_nobody_thought_of_is_told_as_one(
    settings: Settings, sqlite_database: Database, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("x")

    upload("broken", digits())
    monkeypatch.setattr(dataset_process, "check", broken)
    dataset_process.check_datasets(settings)
    assert "nobody thought of" in (get(sqlite_database, "broken").reason or "")


def no_room(*_: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def no_store(*_: Any) -> Any:
    raise ArtifactStoreError("the artifact store does not answer")


def test_a_full_disk_is_told_when_it_was_so_again_and_again(
    settings: Settings, sqlite_database: Database, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update={"lease_seconds": 0.01})
    upload("full", digits())
    monkeypatch.setattr(dataset_process, "check", no_room)
    for attempt in range(1, checks.MAX_LOST_ATTEMPTS):
        with pytest.raises(OSError, match="No space"):
            dataset_process.check_datasets(settings)
        found = get(sqlite_database, "full")
        assert (found.state, found.attempt) == (DatasetState.CHECKING, attempt)
        wait_until(lambda: _is_free(sqlite_database))
    dataset_process.check_datasets(settings)
    found = get(sqlite_database, "full")
    assert found.state is DatasetState.REFUSED
    assert "was full 3 times" in (found.reason or "")


def _is_free(database: Database) -> bool:
    with database.read() as session:
        return checks.is_any_free(session)


def test_an_artifact_store_that_is_away_is_not_the_datasets_fault(
    settings: Settings, sqlite_database: Database, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload("away", digits())
    monkeypatch.setattr(dataset_process, "check", no_store)
    with pytest.raises(ArtifactStoreError):
        dataset_process.check_datasets(settings)
    found = get(sqlite_database, "away")
    assert (found.state, found.lost_attempts) == (DatasetState.CHECKING, -1), "its lease running out adds one"


def test_arrays_of_deleted_datasets_are_removed(settings: Settings, sqlite_database: Database) -> None:
    folder = settings.datasets_dir / "decoded"
    old, young, other = (folder / name for name in ("a" * 64, "b" * 64, "digits-0123"))
    for each in (old, young, other):
        each.mkdir(parents=True)
    for each in (old, other):
        os.utime(each, (1, 1))
    DatasetChecker(sqlite_database, settings).remove_unknown()
    assert sorted(folder.iterdir()) == [young, other]


@pytest.mark.nightly
@pytest.mark.usefixtures("worker")
@pytest.mark.xdist_group("worker")
def test_the_whole_way_from_a_file_to_a_trained_network(service: Service) -> None:
    store = ArtifactStore(str(service.data_dir / "artifacts"))
    uploader(service.database, store)("whole-way", digits())
    state = wait_until(lambda: (found := get(service.database, "whole-way")).state.final and found)
    assert isinstance(state, DatasetVersion)
    assert (state.state, state.reason) == (DatasetState.READY, None)

    def trained(dataset: Any) -> Job:
        body = {"architecture": "baseline", "dataset": dataset, "training": {"epochs": 2}}
        return service.wait_for_end(
            service.submit(parse_job_spec(body, datasets=StoredDatasets(service.database)))
        )

    job = trained("whole-way")
    assert (job.state, job.error_detail) == (JobState.SUCCEEDED, None)
    assert job.spec["dataset"]["version"] == 1
    assert state.content is not None
    shutil.rmtree(service.data_dir / "datasets" / "decoded" / state.content["digest"].removeprefix("sha256:"))
    job = trained({"name": "whole-way", "training_samples": 100})
    assert (job.state, job.error_detail) == (JobState.SUCCEEDED, None), "fetched from the artifact store"


def test_a_check_whose_process_is_killed_is_taken_again(
    settings: Settings, sqlite_database: Database, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload("killed", digits())
    for name, value in (("DATA_DIR", settings.data_dir), ("DATABASE_URL", settings.resolved_database_url)):
        monkeypatch.setenv(f"NORMLAB_{name}", str(value))
    checker = DatasetChecker(sqlite_database, settings)
    checker.look()
    pid = checker._process.pid
    assert pid is not None
    wait_until(lambda: get(sqlite_database, "killed").attempt == 1)
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while not get(sqlite_database, "killed").state.final:
        checker.look()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    found = get(sqlite_database, "killed")
    checker.stop()
    assert found.state is DatasetState.READY
