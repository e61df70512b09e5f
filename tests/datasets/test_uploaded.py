"""Uploaded datasets on a machine: found by the digest of their content, or fetched once."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from normlab.errors import DatasetError
from normlab.training.datasets import Dataset, content_folder, load_content
from normlab.training.datasets.arrays import Arrays
from support.uploaded import keep, striped

FILES = [f"{part}.npy" for part in Arrays._fields]


def test_found_by_its_digest_and_mapped(tmp_path: Path) -> None:
    arrays = striped()
    content = keep(arrays, tmp_path, validation=12)
    dataset = load_content("parts version 1", content, tmp_path)
    assert (dataset.name, dataset.digest) == ("parts version 1", content.digest)
    assert isinstance(dataset.x_train, np.memmap)
    for part in Arrays._fields:
        np.testing.assert_array_equal(getattr(dataset, part), getattr(arrays, part))


def test_what_is_not_there_cannot_be_trained_on(tmp_path: Path) -> None:
    content = keep(striped(), tmp_path / "elsewhere", validation=12)
    with pytest.raises(DatasetError, match=r"parts version 1 .* are not in"):
        load_content("parts version 1", content, tmp_path)


def test_fetched_once_for_all_that_ask(tmp_path: Path) -> None:
    content = keep(striped(), tmp_path / "store", validation=12)
    asked = []

    def fetch(digest: str, folder: Path) -> None:
        asked.append(digest)
        for name in FILES:
            shutil.copy(content_folder(digest, tmp_path / "store") / name, folder)

    def load(_: int) -> Dataset:
        return load_content("parts", content, tmp_path / "here", fetch=fetch)

    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(load, range(4)))
    assert asked == [content.digest]
    assert {dataset.digest for dataset in loaded} == {content.digest}


@pytest.mark.parametrize("damage", ["longer", "other bytes", "gone"])
def test_damaged_form_is_fetched_again(tmp_path: Path, damage: str) -> None:
    content = keep(striped(), tmp_path / "store", validation=12)
    shutil.copytree(tmp_path / "store", tmp_path / "here")
    file = content_folder(content.digest, tmp_path / "here") / "x_train.npy"
    match damage:
        case "longer":
            file.write_bytes(file.read_bytes() + b"!")
        case "other bytes":
            file.write_bytes(file.read_bytes()[:-1] + b"!")
        case "gone":
            file.unlink()

    def fetch(digest: str, folder: Path) -> None:
        for name in FILES:
            shutil.copy(content_folder(digest, tmp_path / "store") / name, folder)

    with pytest.raises(DatasetError, match="are not in"):
        load_content("parts", content, tmp_path / "here")
    assert load_content("parts", content, tmp_path / "here", fetch=fetch).x_train[-1, -1, -1, -1] != ord("!")


def test_what_comes_with_another_digest_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    content = keep(striped(), tmp_path / "store", validation=12)
    other = keep(striped(test=31), tmp_path / "store", validation=12)

    def fetch(_digest: str, folder: Path) -> None:
        for name in FILES:
            shutil.copy(content_folder(other.digest, tmp_path / "store") / name, folder)

    with pytest.raises(DatasetError, match="came as sha256"):
        load_content("parts", content, tmp_path / "here", fetch=fetch)
    assert [path.suffix for path in (tmp_path / "here" / "decoded").iterdir()] == [".lock"]


def test_what_comes_as_no_arrays_is_refused(tmp_path: Path) -> None:
    content = keep(striped(), tmp_path / "store", validation=12)

    def fetch(_digest: str, folder: Path) -> None:
        for name in FILES:
            (folder / name).write_bytes(b"no array")

    with pytest.raises(DatasetError, match="no arrays"):
        load_content("parts", content, tmp_path / "here", fetch=fetch)


@pytest.mark.parametrize("change", [{"classes": ("a", "b")}, {"shape": (9, 21)}, {"training_samples": 121}])
def test_arrays_must_be_what_the_content_says(tmp_path: Path, change: dict[str, object]) -> None:
    content = keep(striped(), tmp_path, validation=12)
    with pytest.raises(DatasetError):
        load_content("parts", content.model_copy(update=change), tmp_path)
