"""IDX: MNIST's four files in an archive, QMNIST's wide labels, EMNIST's pictures on their side."""

from pathlib import Path

import numpy as np
import pytest

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import Split
from support.dataset_files import gzipped, idx, pictures, read, tarred, zipped

TRAIN, TEST = Split.TRAINING, Split.TEST
X, Y = pictures(12, 5, 6), np.arange(12) % 3


def mnist(prefix: str = "") -> dict[str, bytes]:
    return {
        f"{prefix}t10k-labels-idx1-ubyte": idx(Y[8:]),
        f"{prefix}t10k-images-idx3-ubyte": idx(X[8:]),
        f"{prefix}train-images-idx3-ubyte": idx(X[:8]),
        f"{prefix}train-labels-idx1-ubyte": idx(Y[:8]),
    }


@pytest.mark.parametrize("mode", ["zip", "w", "w:gz"])
@pytest.mark.parametrize("inner", ["plain", "gzip"])
def test_four_files_in_an_archive(tmp_path: Path, mode: str, inner: str) -> None:
    files = mnist("MNIST/raw/")
    if inner == "gzip":
        files = {f"{name}.gz": gzipped(content) for name, content in files.items()}
    path = zipped(tmp_path / "a", files) if mode == "zip" else tarred(tmp_path / "a", files, mode=mode)
    found = read(path)
    assert found.format == "idx"
    assert (found.x[TRAIN] == X[:8]).all()
    assert (found.x[TEST] == X[8:]).all()
    assert found.y == {TRAIN: Y[:8].tolist(), TEST: Y[8:].tolist()}
    assert found.origins[TEST][0] == "t10k-images-idx3-ubyte[0]"
    assert found.codes == []


def test_a_pair_without_a_part(tmp_path: Path) -> None:
    found = read(zipped(tmp_path / "a", {"images": idx(X), "labels": idx(Y)}))
    assert (found.x[None] == X).all()


def test_qmnist_has_eight_numbers_for_each_sample(tmp_path: Path) -> None:
    labels = np.stack([Y, *np.full((7, 12), 99)], axis=1)
    found = read(
        zipped(
            tmp_path / "a",
            {"qmnist-train-images-idx3-ubyte": idx(X), "qmnist-train-labels-idx2-int": idx(labels, "i4")},
        )
    )
    assert found.y[TRAIN] == Y.tolist()
    assert found.classes == ["0", "1", "2"]


def test_emnist_lies_on_its_side_and_is_turned_when_asked(tmp_path: Path) -> None:
    files = {
        "gzip/emnist-letters-train-images-idx3-ubyte.gz": gzipped(idx(X.swapaxes(1, 2))),
        "gzip/emnist-letters-train-labels-idx1-ubyte.gz": gzipped(idx(Y + 1)),
        "gzip/emnist-letters-mapping.txt": b"1 65 97\n2 66 98\n3 67 99\n",
    }
    path = zipped(tmp_path / "a", files)
    lying = read(path)
    assert (lying.x[TRAIN] == X.swapaxes(1, 2)).all()
    assert "pictures_on_their_side" in lying.codes
    assert lying.classes == ["A", "B", "C"]
    upright = read(path, turn=True)
    assert (upright.x[TRAIN] == X).all()
    assert "pictures_on_their_side" not in upright.codes
    assert "pictures_turned" in upright.codes
    assert "pictures_on_their_side" not in read(path, turn=False).codes


@pytest.mark.parametrize(
    ("files", "phrase"),
    [
        ({"train-images-idx3-ubyte": idx(X)}, "train-images-idx3-ubyte has no labels"),
        ({"train-labels-idx1-ubyte": idx(Y)}, "train-labels-idx1-ubyte has no images"),
        (mnist("emnist-digits-") | mnist("emnist-letters-"), "emnist-digits, emnist-letters"),
        (mnist() | {"t10k-images-idx3-ubyte": idx(X[9:])}, "3 samples and t10k-labels-idx1-ubyte has 4"),
        (mnist() | {"train-labels-idx1-ubyte": idx(Y[:8])[:6]}, "ends inside its header"),
        (mnist() | {"train-labels-idx1-ubyte": idx(Y[:8])[:-3]}, "ends after 5 of the 8"),
        (mnist() | {"train-images-idx3-ubyte": idx(X[:8])[:-1]}, "ends after 7 of the 8"),
        (mnist() | {"train-images-idx3-ubyte": idx(X[:8]) + bytes(30)}, "goes on after the 8"),
        (mnist() | {"train-images-idx3-ubyte": b"\0\0\x08\x03" + b"\xff" * 12 + bytes(9)}, r"\(-1, -1, -1\)"),
        (
            mnist() | {"train-images-idx3-ubyte": b"\0\0\x08\x03" + b"\x7f" * 12 + bytes(9)},
            "max_values_per_sample",
        ),
    ],
)
def test_what_cannot_be_read_says_where(tmp_path: Path, files: dict[str, bytes], phrase: str) -> None:
    with pytest.raises(DatasetError, match=phrase):
        read(zipped(tmp_path / "a", files))


def test_a_single_file_lacks_its_other_half(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(gzipped(idx(X)))
    with pytest.raises(DatasetError, match=r"one IDX file of images.*labels into one zip"):
        read(tmp_path / "a")
