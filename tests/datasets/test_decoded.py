import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from normlab.errors import DatasetError
from normlab.spec.datasets import DatasetName
from normlab.training.datasets import load
from normlab.training.datasets.sources import SOURCES


def decoded_folder(datasets_dir: Path, name: DatasetName) -> Path:
    (folder,) = (datasets_dir / "decoded").glob(f"{name}-*")
    return folder


def truncate(folder: Path) -> None:
    os.truncate(folder / "x_train.npy", 5_000)


def flip(folder: Path) -> None:
    """Another byte at the same size."""
    with (folder / "x_test.npy").open("r+b") as file:
        file.seek(1_000)
        old = file.read(1)
        file.seek(1_000)
        file.write(bytes([old[0] ^ 1]))


def lose_a_file(folder: Path) -> None:
    (folder / "y_test.npy").unlink()


def empty_the_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b"")


def replace_the_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"digest": "sha256:0", "files": {"x_train.npy": 3}}')


@pytest.mark.parametrize("damage", [truncate, flip, lose_a_file, empty_the_manifest, replace_the_manifest])
def test_damaged_files_are_made_again(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    before = load(DatasetName.DIGITS, tmp_path)
    pixels = np.array(before.x_test)
    del before
    damage(decoded_folder(tmp_path, DatasetName.DIGITS))
    again = load(DatasetName.DIGITS, tmp_path)
    assert np.array_equal(again.x_test, pixels)
    assert again.x_train.shape == (1437, 8, 8)


def test_a_damage_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    load(DatasetName.DIGITS, tmp_path)
    truncate(decoded_folder(tmp_path, DatasetName.DIGITS))
    load(DatasetName.DIGITS, tmp_path)
    assert "damaged and will be made again: x_train.npy has 5000 bytes, not 92096" in caplog.text


def test_who_has_the_old_files_open_keeps_them(tmp_path: Path) -> None:
    first = load(DatasetName.DIGITS, tmp_path)
    total = int(first.x_train.sum())
    empty_the_manifest(decoded_folder(tmp_path, DatasetName.DIGITS))
    load(DatasetName.DIGITS, tmp_path)
    assert int(first.x_train.sum()) == total


def test_a_copied_folder_is_used_as_it_is(tmp_path: Path) -> None:
    load(DatasetName.DIGITS, tmp_path / "here")
    shutil.copytree(tmp_path / "here", tmp_path / "there", copy_function=shutil.copy)
    inode = (decoded_folder(tmp_path / "there", DatasetName.DIGITS) / "x_train.npy").stat().st_ino
    load(DatasetName.DIGITS, tmp_path / "there")
    assert (decoded_folder(tmp_path / "there", DatasetName.DIGITS) / "x_train.npy").stat().st_ino == inode


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    load(DatasetName.DIGITS, tmp_path)
    folder = decoded_folder(tmp_path, DatasetName.DIGITS)
    left = folder.rename(folder.with_name(f".{folder.name}.partial"))
    truncate(left)
    load(DatasetName.DIGITS, tmp_path)
    assert not left.exists()


LOAD = """
import logging, pathlib, sys, time
from normlab.training.datasets import load
logging.basicConfig(level=logging.INFO)
name, folder, start = sys.argv[1:]
print("ready", flush=True)
while not pathlib.Path(start).exists():
    time.sleep(0.001)
print(load(name, pathlib.Path(folder)).digest)
"""


@pytest.mark.parametrize("name", [DatasetName.DIGITS, DatasetName.FASHION_MNIST])
def test_two_processes_at_once_decode_once(tmp_path: Path, name: DatasetName) -> None:
    folder = SOURCES[name].system_folder
    if folder is not None and not folder.is_dir():
        pytest.skip("needs Debian's package dataset-fashion-mnist")
    data, start = tmp_path / "data", tmp_path / "start"
    command = [sys.executable, "-c", LOAD, name, str(data), str(start)]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        start.touch()
        told = [process.communicate(timeout=60) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    digest = load(name, data).digest
    assert [out.strip() for out, _ in told] == [digest, digest]
    assert sum(log.count(f"decoding {name}") for _, log in told) == 1
    assert sorted(path.name for path in (data / "decoded").iterdir()) == [
        f".{name}.lock",
        decoded_folder(data, name).name,
    ]


def test_a_full_disk_is_told_plainly_and_leaves_nothing(tmp_path: Path) -> None:
    program = (
        "import resource, sys; from pathlib import Path; from normlab.training.datasets import load;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)); load('digits', Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert f"DatasetError: There is no room left for the dataset in {tmp_path / 'decoded'}" in done.stderr
    assert "free some space" in done.stderr
    assert [path.name for path in (tmp_path / "decoded").iterdir()] == [".digits.lock"]


def test_a_folder_that_cannot_be_written_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(
        DatasetError, match=r"cannot be kept in .*decoded \(Not a directory\): it must be a folder"
    ):
        load(DatasetName.DIGITS, tmp_path / "data")
