"""Data of one's own, from Python and from the shell: brought in many forms, checked, trained on, taken away."""

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_iris
from typer.testing import CliRunner, Result

from normlab.cli import app
from normlab.client import Client
from normlab.client.dataset_files import file_name, sendable
from normlab.documents.states import DatasetState, JobState
from normlab.errors import DatasetError, ServiceError

SAMPLES = 200


@cache
def some_digits() -> tuple[np.ndarray, np.ndarray]:
    data = load_digits()
    return data.images[:SAMPLES].astype(np.uint8), data.target[:SAMPLES]


def sent(data: object) -> bytes:
    with sendable(data) as content:
        return content.read() if hasattr(content, "read") else b"".join(content)


def arrays_of(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


TABLE = pa.table({"label": ["a", "b"], "x": [1.5, 2.5]})


class Frame:
    """What a frame of pandas can do without a library for Parquet."""

    def to_parquet(self, path: Path, *, index: bool) -> None:
        raise ImportError(f"Unable to find a usable engine for {path}, {index}")

    def to_csv(self, path: Path, *, index: bool) -> None:
        assert not index
        path.write_text("label,pixel1\n1,2\n")


class TypedFrame(Frame):
    """What it can do with one."""

    def to_parquet(self, path: Path, *, index: bool) -> None:
        assert not index
        pq.write_table(TABLE, path)


class PolarsFrame:
    """What a frame of polars can do."""

    def write_parquet(self, path: Path) -> None:
        pq.write_table(TABLE, path)


class TensorFlowData:
    """What a tf.data.Dataset can do, in batches."""

    def as_numpy_iterator(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        x, y = some_digits()
        yield x[:150], y[:150]
        yield x[150:], y[150:]


class TorchData:
    """What a map-style dataset of torch can do."""

    def __len__(self) -> int:
        return SAMPLES

    def __getitem__(self, place: int) -> tuple[np.ndarray, int]:
        x, y = some_digits()
        return x[place], int(y[place])


def test_whatever_one_has_becomes_a_file() -> None:
    x, y = some_digits()
    halves = ((x[:100], y[:100]), (x[100:], y[100:]))
    assert sorted(arrays_of(sent(halves))) == ["x_test", "x_train", "y_test", "y_train"]
    assert sorted(arrays_of(sent({"train_images": x, "train_labels": y}))) == ["train_images", "train_labels"]
    for data in ((x, y), TensorFlowData(), TorchData()):
        found = arrays_of(sent(data))
        assert np.array_equal(found["x"], x)
        assert np.array_equal(found["y"], y)
    assert sent(Frame()) == b"label,pixel1\n1,2\n"
    for frame in (TypedFrame(), PolarsFrame(), TABLE):
        assert pq.read_table(io.BytesIO(sent(frame))) == TABLE


@pytest.mark.parametrize("data", [3, [1, 2, 3], iter([]), Path("/nowhere/at/all.npz")])
def test_what_is_no_data_is_refused_with_what_would_be_right(data: object) -> None:
    with pytest.raises(DatasetError):
        sent(data)


def test_a_folder_is_sent_as_a_tar_without_owners_and_times(tmp_path: Path) -> None:
    for name in ("b/2.png", "a/1.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(name.encode() * 1000)
    content = sent(tmp_path)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        members = tar.getmembers()
        assert [member.name for member in members] == ["a/1.png", "b/2.png"]
        assert {(member.uid, member.uname, member.mtime) for member in members} == {(0, "", 0)}
        file = tar.extractfile("b/2.png")
        assert file is not None
        assert file.read() == b"b/2.png" * 1000
    assert sent(str(tmp_path)) == content
    assert file_name(tmp_path) == f"{tmp_path.name}/"
    assert file_name(tmp_path / "a" / ".." / "b" / "2.png") == "2.png"
    assert file_name(content) is None


@pytest.fixture
def shell(client: Client) -> Callable[..., Result]:
    return lambda *arguments: CliRunner(env={"NORMLAB_URL": client.base_url}).invoke(app, arguments)


@pytest.mark.xdist_group("service")
def test_the_whole_way(client: Client, shell: Callable[..., Result], tmp_path: Path) -> None:
    x, y = some_digits()
    for place, (pixels, label) in enumerate(zip(x, y, strict=True)):
        folder = tmp_path / "pictures" / f"digit {label}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels * 15).save(folder / f"{place}.png")
    counts: list[int] = []
    first = client.add_dataset("own-arrays", (x, y), seed=3, description="Some digits.", sent=counts.append)
    assert (first.version, first.state, first.options["seed"]) == (1, DatasetState.CHECKING, 3)
    assert counts[-1] == first.file.bytes
    wrong = client.add_dataset("own-wrong", (x.astype(np.float64) - 7, y))
    ready = client.wait_for_dataset("own-arrays", timeout_seconds=120)
    assert (ready.state, ready.reason, ready.description) == (DatasetState.READY, None, "Some digits.")
    assert ready.card is not None
    assert ready.card.training_samples + ready.card.validation_samples + ready.card.test_samples == SAMPLES
    mosaic = ready.card.classes[0].mosaic
    assert mosaic is not None
    assert Image.open(io.BytesIO(client.dataset_picture("own-arrays", mosaic))).format == "PNG"
    refused = client.wait_for_dataset("own-wrong", timeout_seconds=120)
    assert refused.state is DatasetState.REFUSED
    with pytest.raises(ServiceError, match="was refused"):
        client.submit("baseline", dataset="own-wrong")

    added = shell("dataset", "add", "own-pictures", str(tmp_path / "pictures"), "--seed", "3")
    assert added.exit_code == 0, added.stderr
    for phrase in ("own-pictures version 1  ready  (pictures/, ", "digit 7", "training", "sha256:"):
        assert phrase in added.stdout
    assert "waits for a worker" in added.stderr or "reading" in added.stderr or not added.stderr
    shown = shell("dataset", "show", "own-pictures", "--pictures", str(tmp_path / "card"))
    assert "digit 7" in shown.stdout
    assert len(list((tmp_path / "card").glob("mosaic-*.png"))) == 10
    listed = shell("dataset", "list").stdout
    assert "Version 1. Some digits." in listed
    assert "refused" in listed
    again = shell("dataset", "add", "own-wrong", str(tmp_path / "card"))
    assert again.exit_code == 1
    assert "own-wrong version 2 is refused" in again.stderr

    job = client.wait(client.submit("baseline", dataset="own-pictures", training={"epochs": 2}).id)
    assert (job.state, job.spec["dataset"]["version"]) == (JobState.SUCCEEDED, 1)
    (prediction,) = client.predict(job.id, tmp_path / "pictures" / "digit 0" / "0.png")
    assert prediction.class_name.startswith("digit ")
    elsewhere = client.evaluate(job.id, dataset="own-arrays@1", mistakes=0)
    assert (elsewhere.dataset, elsewhere.dataset_version, elsewhere.samples) == ("own-arrays", 1, 40)
    assert "matched by number" in elsewhere.remarks[0]
    said = shell("evaluate", job.id, "--dataset", "own-arrays", "--chart", str(tmp_path / "matrix.svg"))
    assert "test samples of own-arrays@1" in said.stdout, said.stderr
    assert (tmp_path / "matrix.svg").exists()
    used = shell("dataset", "delete", "own-pictures")
    assert (used.exit_code, job.id in used.stderr) == (1, True)
    client.delete(job.id)
    for name in ("own-pictures", "own-arrays", "own-wrong"):
        assert shell("dataset", "delete", name).exit_code == 0
    assert "own-" not in json.dumps(json.loads(shell("datasets", "--json").stdout))
    assert wrong.version == 1


@pytest.mark.xdist_group("service")
def test_the_whole_way_of_a_table(client: Client, shell: Callable[..., Result], tmp_path: Path) -> None:
    data = load_iris()
    table = pa.table(
        {
            "id": [f"plant {place}" for place in range(150)],
            "petal_length": data.data[:, 2],
            "petal_width": [None, *data.data[1:, 3]],
            "place": pa.array(["field", "wood", "hill"] * 50).dictionary_encode(),
            "kind": [str(data.target_names[label]) for label in data.target],
        }
    )
    pq.write_table(table, tmp_path / "iris.parquet")
    options = ("--target", "kind", "--task", "classification", "--seed", "3")
    added = shell("dataset", "add", "own-table", str(tmp_path / "iris.parquet"), *options)
    assert added.exit_code == 0, added.stderr
    shown = shell("dataset", "show", "own-table").stdout
    for phrase in (
        "3 columns",
        "petal_length",
        "number",
        "category",
        "field",
        "virginica",
        "column id was left out",
    ):
        assert phrase in shown
    ready = client.dataset("own-table")
    assert (ready.target, ready.task, ready.shape) == ("kind", None, (3,))
    assert ready.card is not None
    assert ready.card.columns is not None
    assert [column.name for column in ready.card.columns] == ["petal_length", "petal_width", "place"]
    assert sum(ready.card.columns[1].missing.model_dump().values()) == 1
    again = client.add_dataset("own-table", table, label_column="kind", seed=3)
    assert client.wait_for_dataset("own-table", again.version, timeout_seconds=120).digest == ready.digest

    job = client.wait(client.submit("baseline", dataset="own-table", training={"epochs": 1}).id)
    assert (job.state, job.error) == (JobState.SUCCEEDED, None)
    rows = [
        {"petal_length": 1.4, "place": "wood"},
        {"petal_width": 2.3, "place": "moor"},
        [5.1, None, "hill"],
    ]
    predictions = client.predict(job.id, rows)
    assert [item.unknown for item in predictions] == [None, ("place",), None]
    assert {item.class_name for item in predictions} <= set(data.target_names)
    (tmp_path / "rows.csv").write_text("place,petal_length,petal_width\nwood,1.4,NA\nmoor,,2.3\nhill,5.1,\n")
    assert client.predict(job.id, tmp_path / "rows.csv") == predictions
    told = shell("predict", job.id, str(tmp_path / "rows.csv")).stdout.splitlines()
    assert [line.split()[:3] for line in told] == [
        ["row", str(number), item.class_name] for number, item in enumerate(predictions, 1)
    ]
    assert "unknown: place" in told[1]
    mistakes = client.evaluate(job.id).mistakes
    assert all(set(mistake.row or ()) == {"petal_length", "petal_width", "place"} for mistake in mistakes)
    client.delete(job.id)
    assert shell("dataset", "delete", "own-table").exit_code == 0
