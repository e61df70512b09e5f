import io
import os
import pickle
import struct
import tarfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from normlab.training.datasets import cifar

PurePythonPickler: Any = pickle._Pickler  # the one in C cannot be changed


class Python2Pickler(PurePythonPickler):  # type: ignore[misc] # see above
    """Writes bytes as Python 2 wrote its strings; that is how the published batches are pickled."""

    def save_bytes(self, content: bytes) -> None:
        short = len(content) < 256
        self.write(b"U" + bytes([len(content)]) if short else b"T" + struct.pack("<i", len(content)))
        self.write(content)
        self.memoize(content)

    dispatch: ClassVar[dict[type, Any]] = {**PurePythonPickler.dispatch, bytes: save_bytes}


def batch(pixels: np.ndarray[Any, Any], labels: list[int]) -> bytes:
    """A batch in the published form: ``pixels`` are (n, 3072), red plane first."""
    file = io.BytesIO()
    names = [b"picture_%d.png" % number for number in range(len(labels))]
    Python2Pickler(file, protocol=2).dump(
        {b"batch_label": b"testing batch 1 of 1", b"labels": labels, b"data": pixels, b"filenames": names}
    )
    return file.getvalue()


@pytest.fixture
def pixels() -> np.ndarray[Any, Any]:
    return np.random.default_rng(7).integers(0, 256, (12, 3072), np.uint8)


def test_a_batch_reads_as_unpickling_would(pixels: np.ndarray[Any, Any]) -> None:
    labels = [3, 8, 8, 0, 6, 6, 1, 6, 3, 1, 0, 9]
    content = batch(pixels, labels)
    x, y = cifar.read_batch(content)
    reference = pickle.loads(content, encoding="bytes")
    assert np.array_equal(x, reference[b"data"].reshape(12, 3, 32, 32).transpose(0, 2, 3, 1))
    assert y.tolist() == reference[b"labels"] == labels
    assert x.shape == (12, 32, 32, 3)
    assert x.dtype == y.dtype == np.uint8
    assert x[5, 0, 1].tolist() == [pixels[5, 1], pixels[5, 1024 + 1], pixels[5, 2048 + 1]]


def test_the_archive_gives_the_batches_in_order(pixels: np.ndarray[Any, Any]) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for number, name in enumerate(
            ["data_batch_4", "test_batch", *(f"data_batch_{n}" for n in (1, 2, 3, 5))]
        ):
            content = batch(pixels[number : number + 2], [number, number])
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        note = tarfile.TarInfo("cifar-10-batches-py/readme.html")
        tar.addfile(note, io.BytesIO())
    arrays = cifar.from_tar([file.getvalue()])
    assert arrays.x_train.shape == (10, 32, 32, 3)
    assert arrays.y_train.tolist() == [2, 2, 3, 3, 4, 4, 0, 0, 5, 5]
    assert arrays.y_test.tolist() == [1, 1]


def test_nothing_in_a_batch_is_carried_out(tmp_path: Path) -> None:
    class Intruder:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "intruder"),)

    content = pickle.dumps({"labels": [1], "data": Intruder()}, protocol=2)
    with pytest.raises(ValueError, match="no pixels that fit them"):
        cifar.read_batch(content)
    assert not (tmp_path / "intruder").exists()


def test_pixels_in_another_order_are_refused(pixels: np.ndarray[Any, Any]) -> None:
    with pytest.raises(ValueError, match="not in C order"):
        cifar.read_batch(batch(np.asfortranarray(pixels), [0] * 12))


def test_a_truncated_batch_is_refused(pixels: np.ndarray[Any, Any]) -> None:
    with pytest.raises(ValueError, match="remain"):
        cifar.read_batch(batch(pixels, [0] * 12)[:20_000])
