"""The whole of Fashion-MNIST, brought in each format of arrays, is the built-in one to the last bit."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from normlab.spec.datasets import DATASETS, DatasetName
from normlab.training.datasets import Dataset, load
from normlab.training.datasets.assembling import assemble
from normlab.training.datasets.readers.base import ReadingOptions
from normlab.training.datasets.readers.detect import open_reader
from normlab.training.datasets.sources import SOURCES
from normlab.training.datasets.splitting import Splitting, ValidationPart
from support.dataset_files import npz

pytestmark = pytest.mark.nightly
NAME = DatasetName.FASHION_MNIST


@pytest.fixture(scope="module")
def built_in(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = SOURCES[NAME].system_folder
    if folder is None or not folder.is_dir():
        pytest.skip("needs Debian's package dataset-fashion-mnist")
    return load(NAME, tmp_path_factory.mktemp("data"))


def idx_files(_: Dataset, path: Path) -> None:
    folder = SOURCES[NAME].system_folder
    assert folder is not None
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)


def keras_npz(data: Dataset, path: Path) -> None:
    path.write_bytes(npz(x_train=data.x_train, y_train=data.y_train, x_test=data.x_test, y_test=data.y_test))


def scaled_npz(data: Dataset, path: Path) -> None:
    """As people have it after the first lines of a tutorial."""
    train, test = (x[..., None].astype(np.float32) / np.float32(255) for x in (data.x_train, data.x_test))
    with path.open("wb") as file:
        np.savez(file, x_train=train, y_train=data.y_train.astype(np.int64), x_test=test, y_test=data.y_test)


def kuzushiji(data: Dataset, path: Path) -> None:
    arrays = {
        "train-imgs": data.x_train,
        "train-labels": data.y_train,
        "test-imgs": data.x_test,
        "test-labels": data.y_test,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            archive.writestr(f"kmnist-{name}.npz", npz(arr_0=array))


def matlab(data: Dataset, path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for part, x, y in (("train", data.x_train, data.y_train), ("test", data.x_test, data.y_test)):
            file = io.BytesIO()
            scipy.io.savemat(file, {"X": x.transpose(1, 2, 0), "y": y}, do_compression=True)
            archive.writestr(f"{part}.mat", file.getvalue())


@pytest.mark.parametrize("write", [idx_files, keras_npz, scaled_npz, kuzushiji, matlab])
def test_it_has_the_digest_of_the_built_in(
    built_in: Dataset, tmp_path: Path, write: Callable[[Dataset, Path], None]
) -> None:
    write(built_in, tmp_path / "file")
    reader = open_reader(tmp_path / "file", ReadingOptions())
    info = DATASETS[NAME]
    splitting = Splitting(validation=ValidationPart.FIRST, validation_samples=info.default_validation_samples)
    assembled = assemble(reader, tmp_path / "assembled", splitting=splitting)
    assert assembled.digest == built_in.digest
    assert assembled.shape == info.shape
    assert assembled.pixel_max == info.pixel_max
    assert (assembled.training_samples, assembled.test_samples) == (info.training_samples, info.test_samples)
    assert assembled.default_validation_samples == info.default_validation_samples
