"""Sources made for a test: Debian's real files in a folder of its own, or small files with known sums."""

import hashlib
import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from normlab.spec.datasets import DATASETS, DatasetName
from normlab.training.datasets import formats
from normlab.training.datasets.sources import SOURCES, Archive, Source

NOBODY_LISTENS = "http://127.0.0.1:9"


@pytest.fixture
def debian_copy(tmp_path: Path) -> Source:
    """Fashion-MNIST with a copy of Debian's folder that a test may change, and no way to download."""
    source = SOURCES[DatasetName.FASHION_MNIST]
    assert source.system_folder is not None
    if not source.system_folder.is_dir():
        pytest.skip("needs Debian's package dataset-fashion-mnist")
    copy = shutil.copytree(source.system_folder, tmp_path / "debian")
    archives = tuple(
        replace(archive, url=f"{NOBODY_LISTENS}/{archive.names[0]}") for archive in source.archives
    )
    return replace(source, system_folder=copy, archives=archives)


@pytest.fixture(scope="session")
def plain_mnist() -> bytes:
    """A ``mnist.npz`` with the real shapes; the pixels are noughts."""
    info = DATASETS[DatasetName.MNIST]
    file = io.BytesIO()
    np.savez_compressed(
        file,
        x_train=np.zeros((info.training_samples, *info.shape), np.uint8),
        y_train=np.arange(info.training_samples, dtype=np.uint64).astype(np.uint8) % 10,
        x_test=np.zeros((info.test_samples, *info.shape), np.uint8),
        y_test=np.arange(info.test_samples, dtype=np.uint64).astype(np.uint8) % 10,
    )
    return file.getvalue()


@pytest.fixture
def npz_source() -> Callable[..., Source]:
    """Make a source of one ``mnist.npz`` with the given content's sum."""

    def make(
        content: bytes, *, url: str = f"{NOBODY_LISTENS}/mnist.npz", system: Path | None = None
    ) -> Source:
        archive = Archive(("mnist.npz",), (hashlib.sha256(content).hexdigest(),), url)
        return Source((archive,), formats.from_npz, system, None if system is None else "dataset-mnist")

    return make
