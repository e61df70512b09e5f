"""A file's format is found by its content; what nobody knows, and what is never read, gets its own sentence."""

import io
import pickle
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import ReadingLimits, ReadingOptions
from normlab.training.datasets.readers.bundles import MOST_MEMBERS, members
from normlab.training.datasets.readers.detect import open_reader
from support.dataset_files import gzipped, idx, npz, pictures, read, tarred, zipped

PICKLE = pickle.dumps({b"data": [1]}, protocol=2)
X, Y = pictures(4, 5, 6), np.arange(4) % 2


@pytest.mark.parametrize(
    ("content", "phrase"),
    [
        (b"", "empty"),
        (PICKLE, "Python pickle.*numpy.savez"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
        (b"\x93NUMPY" + bytes(100), "without labels"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(100), "7-Zip.*zip or tar"),
        (b"\xfd7zXZ\0" + bytes(100), "xz.*tar.gz"),
        (b"\x01\x02\x03" * 50, "not known.*IDX.*CIFAR"),
    ],
)
def test_what_is_not_read_says_what_would_be_right(tmp_path: Path, content: bytes, phrase: str) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(DatasetError, match=phrase):
        read(tmp_path / "a")


@pytest.mark.parametrize(
    ("files", "phrase"),
    [
        (
            {"cifar-10-batches-py/data_batch_1": PICKLE, "cifar-10-batches-py/readme.html": b"<html>"},
            "pickle.*cifar-10-binary.tar.gz",
        ),
        ({"archive/data.pkl": PICKLE}, "pickle.*numpy.savez"),
        ({"inner.zip": b"PK\x03\x04" + bytes(100)}, "inner.zip is an archive inside"),
        ({"inner.tar.gz": gzipped(bytes(100))}, "inner.tar.gz is an archive inside"),
    ],
)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_archives_of_what_is_not_read(
    tmp_path: Path, files: dict[str, bytes], phrase: str, pack: object
) -> None:
    assert callable(pack)
    with pytest.raises(DatasetError, match=phrase):
        read(pack(tmp_path / "a", files))


def test_endings_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(npz(X=X, y=Y))
    assert read(tmp_path / "a.csv").format == "npz"


def test_links_are_refused_and_litter_is_left_out(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("train-labels")
    link.external_attr = 0o120777 << 16
    for name, entries in (("with", [(link, "images")]), ("without", [("__MACOSX/._images", "\0")])):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for entry, text in entries:
                archive.writestr(entry, text)
            archive.writestr("images", idx(X))
            archive.writestr("labels", idx(Y))
    with pytest.raises(DatasetError, match="train-labels is a link"):
        read(tmp_path / "with")
    assert len(read(tmp_path / "without").y[None]) == 4


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    with pytest.raises(DatasetError, match="leaves the archive's folder"):
        read(pack(tmp_path / "a", {"../images": idx(X), "labels": idx(Y)}))


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a", "w") as archive:
        archive.writestr("images", idx(X))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("images", idx(Y))
    with pytest.raises(DatasetError, match="images is in the archive twice"):
        read(tmp_path / "a")


@pytest.mark.parametrize("cut", [100, 1000, 3000])
def test_a_zip_that_breaks_off(tmp_path: Path, cut: int) -> None:
    content = npz(X=pictures(40, 10, 10), y=np.arange(40) % 2)
    (tmp_path / "a").write_bytes(content[:cut])
    with pytest.raises(DatasetError, match=r"not known|cannot be read"):
        read(tmp_path / "a")


@pytest.mark.parametrize("cut", [30, 300, 3000])
def test_a_tar_that_breaks_off(tmp_path: Path, cut: int) -> None:
    content = tarred(
        tmp_path / "whole", {"images": idx(pictures(40, 10, 10)), "labels": idx(np.arange(40) % 2)}
    )
    (tmp_path / "a").write_bytes(content.read_bytes()[:cut])
    with pytest.raises(DatasetError, match=r"not known|cannot be read|ends after|archive inside"):
        read(tmp_path / "a")


def test_a_changed_byte_is_found_by_the_checksum(tmp_path: Path) -> None:
    file = io.BytesIO()
    np.savez(file, X=X, y=Y)  # stored, so that every byte is a value
    content = bytearray(file.getvalue())
    content[content.index(X.tobytes()) + 7] ^= 1
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(DatasetError, match="CRC"):
        read(tmp_path / "a")


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tarred(tmp_path / "a", {"images": bytes(50_000)})
    with pytest.raises(DatasetError, match="max_decoded_bytes"):
        read(path, limits=ReadingLimits(max_decoded_bytes=40_000))


def test_memory_stays_flat_and_no_header_is_believed(tmp_path: Path) -> None:
    """25 MB through each container; and headers that promise more than the limits allow, before anything is read."""
    x, y = np.zeros((32_000, 28, 28), np.uint8), np.arange(32_000) % 10
    files = {"images": idx(x), "labels": idx(y)}
    (tmp_path / "npz").write_bytes(npz(X=x, y=y))
    zipped(tmp_path / "zip", files)
    tarred(tmp_path / "tar", files)
    with (tmp_path / "mat").open("wb") as file:
        scipy.io.savemat(file, {"X": x.transpose(1, 2, 0), "y": y}, do_compression=True)
    huge = b"\0\0\x08\x03" + struct.pack(">3i", 2**31 - 1, 28, 28)
    zipped(tmp_path / "huge", {"images": huge, "labels": idx(y)})
    del x, files
    tracemalloc.start()
    try:
        for name in ("npz", "zip", "tar", "mat"):
            reader = open_reader(tmp_path / name, ReadingOptions())
            assert sum(len(chunk.y) for chunk in reader.chunks()) == 32_000
        with pytest.raises(DatasetError, match="max_samples"):
            open_reader(tmp_path / "huge", ReadingOptions())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 14 << 20


@pytest.mark.parametrize("comment", [b"", b"by us"])
def test_archives_of_many_files_are_left_to_others_unread(tmp_path: Path, comment: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "a", "w") as archive:
        archive.comment = comment
        for number in range(MOST_MEMBERS + 1):
            archive.writestr(f"{number}", b"")
    assert members(tmp_path / "a", ReadingLimits()) == ()
    tarred(tmp_path / "b", {f"{number}": b"" for number in range(MOST_MEMBERS + 1)})
    assert members(tmp_path / "b", ReadingLimits()) == ()


def test_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a", "w") as archive:
        archive.writestr("n", idx(X))
    content = (tmp_path / "a").read_bytes()
    directory = content.index(b"PK\x01\x02")
    nameless = content[directory : directory + 46].replace(struct.pack("<H", 1), struct.pack("<H", 0))
    (tmp_path / "a").write_bytes(content[:directory] + nameless + content[directory + 46 :])
    with pytest.raises(DatasetError, match=r"no name|cannot be read"):
        read(tmp_path / "a")


def test_libraries_of_single_formats_are_loaded_by_these_alone(tmp_path: Path) -> None:
    """pyarrow and scipy take some 40 MiB, beside which a file in another format takes little."""
    (tmp_path / "a.npz").write_bytes(npz(x=X, y=Y))
    (tmp_path / "a.csv").write_text(
        "label," + ",".join(f"pixel{n}" for n in range(4)) + "\n0,1,2,3,4\n1,5,6,7,8\n"
    )
    code = (
        "import sys; from pathlib import Path; from normlab.training.datasets.readers.base import ReadingOptions; "
        "from normlab.training.datasets.readers.detect import open_reader; "
        "[list(open_reader(Path(path), ReadingOptions()).chunks()) for path in sys.argv[1:]]; "
        "print(sorted({'pyarrow', 'scipy', 'tensorflow'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, tmp_path / "a.npz", tmp_path / "a.csv"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
