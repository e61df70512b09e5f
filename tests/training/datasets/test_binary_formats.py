"""Colour pictures in their publishers' own formats: CIFAR's binary files, STL-10's, SVHN's ``.mat``."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from numpy.typing import NDArray

from normlab.errors import DatasetError
from normlab.spec.datasets import DATASETS, DatasetName
from normlab.training.datasets.readers.base import Split
from support.dataset_files import cifar_records, pictures, read, stl10_pixels, tarred, zipped

TRAIN, TEST = Split.TRAINING, Split.TEST
X = pictures(12, 32, 32, 3)
LARGE = pictures(4, 96, 96, 3)


def cifar10() -> dict[str, bytes]:
    labels = [[number % 10] for number in range(12)]
    folder = "cifar-10-batches-bin"
    return {
        f"{folder}/test_batch.bin": cifar_records(X[8:], labels[8:]),
        f"{folder}/data_batch_2.bin": cifar_records(X[4:8], labels[4:8]),
        f"{folder}/data_batch_1.bin": cifar_records(X[:4], labels[:4]),
        f"{folder}/batches.meta.txt": "\n".join([*DATASETS[DatasetName.CIFAR10].classes, ""]).encode(),
        f"{folder}/readme.html": b"<html>",
    }


@pytest.mark.parametrize("pack", [tarred, zipped])
def test_cifar10(tmp_path: Path, pack: Any) -> None:
    found = read(pack(tmp_path / "a", cifar10()))
    assert found.format == "cifar_binary"
    assert (found.x[TRAIN] == X[:8]).all()
    assert (found.x[TEST] == X[8:]).all()
    assert found.y == {TRAIN: list(range(8)), TEST: [8, 9, 0, 1]}
    assert tuple(found.classes) == DATASETS[DatasetName.CIFAR10].classes
    assert found.origins[TRAIN][5] == "data_batch_2[1]"


def test_cifar_is_upright(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="turn cannot be used"):
        read(zipped(tmp_path / "a", cifar10()), turn=True)


def test_a_single_batch_is_known_by_its_labels(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(cifar10()["cifar-10-batches-bin/data_batch_1.bin"])
    found = read(tmp_path / "a")
    assert (found.x[None] == X[:4]).all()
    assert found.classes[0] == "airplane"


def test_cifar100_takes_the_fine_label(tmp_path: Path) -> None:
    names = "\n".join(f"fine_{number}" for number in range(100)).encode()
    files = {
        "cifar-100-binary/train.bin": cifar_records(X[:8], [[19, 99 - number] for number in range(8)]),
        "cifar-100-binary/test.bin": cifar_records(X[8:], [[0, number] for number in range(4)]),
        "cifar-100-binary/fine_label_names.txt": names,
    }
    found = read(tarred(tmp_path / "a", files))
    assert found.y[TRAIN][:2] == [99, 98]
    assert found.classes[99] == "fine_99"
    assert (found.x[TEST] == X[8:]).all()
    assert found.codes == ["coarse_labels_ignored"]


def stl10() -> dict[str, bytes]:
    return {
        "stl10_binary/train_X.bin": stl10_pixels(LARGE[:3]),
        "stl10_binary/train_y.bin": bytes([1, 3, 2]),
        "stl10_binary/test_X.bin": stl10_pixels(LARGE[3:]),
        "stl10_binary/test_y.bin": bytes([3]),
        "stl10_binary/unlabeled_X.bin": stl10_pixels(LARGE[:2]),
        "stl10_binary/class_names.txt": b"airplane\nbird\ncar\n",
        "stl10_binary/fold_indices.txt": b"0 1\n",
    }


def test_stl10_lies_column_by_column_with_labels_from_1(tmp_path: Path) -> None:
    found = read(tarred(tmp_path / "a", stl10()))
    assert found.format == "stl10"
    assert (found.x[TRAIN] == LARGE[:3]).all()
    assert (found.x[TEST] == LARGE[3:]).all()
    assert found.y == {TRAIN: [0, 2, 1], TEST: [2]}
    assert found.classes == ["airplane", "bird", "car"]
    assert [notice.count for notice in found.notices if notice.code == "unlabelled_ignored"] == [2]


def mat(path: Path, *, compressed: bool = True, **variables: Any) -> Path:
    with path.open("wb") as file:
        scipy.io.savemat(file, variables, do_compression=compressed)
    return path


SVHN_LABELS = np.array([10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1])


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_svhn_has_samples_last_and_zero_is_ten(
    tmp_path: Path, compressed: bool, dtype: type[np.generic]
) -> None:
    x, y = X.transpose(1, 2, 3, 0), SVHN_LABELS.astype(dtype)[:, None]
    found = read(mat(tmp_path / "a", compressed=compressed, X=x, y=y))
    assert found.format == "matlab"
    assert (found.x[None] == X).all()
    assert found.y[None] == (SVHN_LABELS % 10).tolist()
    assert found.classes == list("0123456789")
    assert found.codes == ["label_ten_is_zero"]


def test_two_mat_files_are_two_parts(tmp_path: Path) -> None:
    files = {
        f"{part}_32x32.mat": mat(
            tmp_path / part, X=X[where].transpose(1, 2, 3, 0), y=SVHN_LABELS[where]
        ).read_bytes()
        for part, where in (("train", slice(11)), ("test", slice(2, 5)))
    }
    found = read(zipped(tmp_path / "a", files))
    assert found.classes == list("0123456789")
    assert found.y == {TRAIN: (SVHN_LABELS[:11] % 10).tolist(), TEST: SVHN_LABELS[2:5].tolist()}


def test_other_mat_files_keep_their_labels(tmp_path: Path) -> None:
    grey: NDArray[np.uint8] = X[..., 0]
    found = read(
        mat(
            tmp_path / "a",
            images=grey.transpose(1, 2, 0),
            labels=np.arange(12) % 3 + 1,
            meta={"by": "us"},
            name="x",
        )
    )
    assert (found.x[None] == grey).all()
    assert found.classes == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("variables", "phrase"),
    [
        ({"X": X, "y": SVHN_LABELS}, "12 labels, and 3 is the last axis"),
        ({"X": X.transpose(1, 2, 3, 0)}, r"X \(32 x 32 x 3 x 12\)"),
        ({"dataset": {"images": X}}, "no arrays of numbers"),
        ({"X": X.transpose(1, 2, 3, 0), "y": np.zeros((12, 2))}, "12 x 2"),
    ],
)
def test_mat_files_that_cannot_be_read_say_what_they_hold(
    tmp_path: Path, variables: dict[str, Any], phrase: str
) -> None:
    with pytest.raises(DatasetError, match=phrase):
        read(mat(tmp_path / "a", **variables))


@pytest.mark.parametrize(
    ("name", "change", "phrase"),
    [
        ("cifar-10-batches-bin/data_batch_1.bin", lambda content: content[:-1], "no multiple of the 3073"),
        ("cifar-10-batches-bin/data_batch_2.bin", lambda content: b"\x0a" + content[1:], "record 0 is 10"),
        ("cifar-10-batches-bin/batches.meta.txt", lambda content: content[:40], "names; CIFAR-10 has 10"),
        ("stl10_binary/train_X.bin", lambda content: content[:-1], "no multiple of the 27648"),
        ("stl10_binary/train_y.bin", lambda content: content[:-1], "3 samples and train_y has 2"),
        ("stl10_binary/test_y.bin", None, "test_X.bin has no test_y.bin"),
    ],
)
def test_damaged_binary_files_say_where(tmp_path: Path, name: str, change: Any, phrase: str) -> None:
    files = cifar10() if name.startswith("cifar") else stl10()
    content = files.pop(name)
    if change is not None:
        files[name] = change(content)
    with pytest.raises(DatasetError, match=phrase):
        read(tarred(tmp_path / "a", files))


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("kept", [0.001, 0.3, 0.9])
def test_a_mat_file_that_breaks_off(tmp_path: Path, compressed: bool, kept: float) -> None:
    path = mat(tmp_path / "a", compressed=compressed, y=SVHN_LABELS, X=X.transpose(1, 2, 3, 0))
    content = path.read_bytes()
    path.write_bytes(content[: max(130, int(len(content) * kept))])
    with pytest.raises(DatasetError, match=r"ends after \d+ of the 12|no arrays of numbers|cut off"):
        read(path)


def test_a_mat_file_whose_header_lies(tmp_path: Path) -> None:
    path = mat(tmp_path / "a", compressed=False, X=X.transpose(1, 2, 3, 0), y=SVHN_LABELS)
    content = path.read_bytes()
    axes, many = struct.pack("<4i", 32, 32, 3, 12), struct.pack("<4i", 32, 32, 3, 2**30)
    path.write_bytes(content.replace(axes, many))
    with pytest.raises(DatasetError, match="do not agree"):
        read(path)
    sizes = struct.pack("<II", 2, X.size), struct.pack("<II", 2, 2**31)
    path.write_bytes(content.replace(axes, struct.pack("<4i", 32, 32, 1, 2**21)).replace(*sizes))
    with pytest.raises(DatasetError, match="2097152 is the last axis"):
        read(path)
