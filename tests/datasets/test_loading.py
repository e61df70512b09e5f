import gzip
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from normlab.errors import DatasetError
from normlab.spec.datasets import DATASETS, DatasetName
from normlab.training.datasets import formats, load
from normlab.training.datasets.arrays import Arrays
from normlab.training.datasets.sources import Source

FASHION_MNIST = "sha256:8294d2ca571ee42977a0b2dbf2f2f22ac6655a869e4497e2cd010da5acf40c92"
DIGITS = "sha256:6c37b648e5330ecbfa5a6e33ad0e05cbe2def3675f3e33356e3598ae6c1bdbb3"
# When Zalando's files were compressed, in seconds since 1970: what Debian took out of the gzip headers.
COMPRESSED_AT = {"train": 1504176606, "t10k": 1504176627}


def test_digits_need_no_files(tmp_path: Path) -> None:
    digits = load(DatasetName.DIGITS, tmp_path)
    assert digits.x_train.shape == (1437, 8, 8)
    assert digits.x_test.shape == (360, 8, 8)
    assert digits.y_train.shape == (1437,)
    assert {array.dtype.name for array in (digits.x_train, digits.y_train, digits.x_test)} == {"uint8"}
    assert digits.x_train.max() == DATASETS[DatasetName.DIGITS].pixel_max
    assert digits.y_train[:5].tolist() == [0, 1, 2, 3, 4]
    assert digits.digest == DIGITS


def test_fashion_mnist_from_debians_folder(tmp_path: Path, debian_copy: Source) -> None:
    fashion = load(DatasetName.FASHION_MNIST, tmp_path, source=debian_copy)
    assert fashion.x_train.shape == (60_000, 28, 28)
    assert fashion.x_test.shape == (10_000, 28, 28)
    assert np.bincount(fashion.y_train).tolist() == [6_000] * 10
    assert np.bincount(fashion.y_test).tolist() == [1_000] * 10
    assert fashion.y_train[0] == 9
    # The mean and the deviation of the pixels that the literature normalizes Fashion-MNIST with.
    assert fashion.x_train.mean() / 255 == pytest.approx(0.2860, abs=5e-5)
    assert fashion.x_train.std() / 255 == pytest.approx(0.3530, abs=5e-5)
    assert fashion.digest == FASHION_MNIST


def test_zalandos_own_files_are_accepted_and_have_the_same_content(
    tmp_path: Path, debian_copy: Source
) -> None:
    assert debian_copy.system_folder is not None
    published = tmp_path / "data" / "fashion-mnist"
    published.mkdir(parents=True)
    for path in debian_copy.system_folder.iterdir():
        # Back in: flag 8 "has a name", the time, and the name, ended by a nought (RFC 1952).
        began = COMPRESSED_AT["t10k"] if path.name.startswith("t10k") else COMPRESSED_AT["train"]
        header = b"\x1f\x8b\x08\x08" + struct.pack("<I", began) + b"\x00\x03" + path.stem.encode() + b"\0"
        (published / path.name).write_bytes(header + path.read_bytes()[10:])
    shutil.rmtree(debian_copy.system_folder)
    assert load(DatasetName.FASHION_MNIST, tmp_path / "data", source=debian_copy).digest == FASHION_MNIST


def test_a_second_load_reads_no_archive(tmp_path: Path, debian_copy: Source) -> None:
    assert debian_copy.system_folder is not None
    first = load(DatasetName.FASHION_MNIST, tmp_path / "data", source=debian_copy)
    shutil.rmtree(debian_copy.system_folder)
    began = time.perf_counter()
    second = load(DatasetName.FASHION_MNIST, tmp_path / "data", source=debian_copy)
    assert time.perf_counter() - began < 0.1
    assert second.digest == first.digest
    assert np.array_equal(second.x_test, first.x_test)


def test_arrays_are_mapped_and_read_only(tmp_path: Path) -> None:
    digits = load(DatasetName.DIGITS, tmp_path)
    assert isinstance(digits.x_train, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        digits.x_train[0, 0, 0] = 1


def test_loading_imports_no_tensorflow(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from normlab.training.datasets import load;"
        "load('digits', Path(sys.argv[1])); sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == 0


def test_files_that_hold_something_else_are_refused(tmp_path: Path) -> None:
    labels = np.zeros(3, np.uint8)
    small = Arrays(np.zeros((3, 8, 8), np.uint8), labels, np.zeros((3, 8, 8), np.uint8), labels)
    with pytest.raises(DatasetError, match=r"x_train of digits should be uint8 of shape \(1437, 8, 8\)"):
        load(DatasetName.DIGITS, tmp_path, source=Source((), lambda _: small))


def test_pixels_out_of_range_are_refused(tmp_path: Path) -> None:
    digits = load(DatasetName.DIGITS, tmp_path)
    loud = Arrays(digits.x_train * 2, digits.y_train, digits.x_test, digits.y_test)
    with pytest.raises(DatasetError, match="x_train of digits should go from 0 to 16; its files hold a 32"):
        load(DatasetName.DIGITS, tmp_path / "2", source=Source((), lambda _: loud))


def test_a_truncated_gzip_is_a_dataset_error(tmp_path: Path) -> None:
    half = gzip.compress(bytes(range(256)) * 20)[:100]
    source = Source((), lambda _: formats.from_idx([half] * 4))
    with pytest.raises(
        DatasetError, match="The files of mnist cannot be decoded: Compressed file ended before"
    ):
        load(DatasetName.MNIST, tmp_path, source=source)
