"""Which format a file has, by its content: a table of all formats, and sentences for what is none of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from normlab.errors import DatasetError
from normlab.training.datasets.readers import (
    archived,
    arff,
    cifar_binary,
    csv_files,
    idx,
    matlab,
    npz,
    parquet,
    pixel_texts,
    stl10,
)
from normlab.training.datasets.readers.base import Reader, ReadingOptions
from normlab.training.datasets.readers.bundles import Member, members
from normlab.training.datasets.readers.streams import head_of


@dataclass(frozen=True)
class Format:
    """One kind of file that people bring."""

    description: str
    """For the list of what can be read."""
    open_file: Callable[[Path, ReadingOptions], Reader | None]
    """Gives a reader, or None where the file is of another format."""


FORMATS: tuple[Format, ...] = (
    Format("NumPy's .npz (x_train, y_train, …)", npz.open_file),
    Format("IDX (MNIST and its kin) in a zip or tar", idx.open_file),
    Format("MATLAB's .mat with X and y (SVHN)", matlab.open_file),
    Format("STL-10's binary files", stl10.open_file),
    Format("CIFAR's binary files", cifar_binary.open_file),
    Format(
        "a zip or tar of pictures in folders named by their class, of WebDataset, or of CSV or Parquet files",
        archived.open_file,
    ),
    Format("Parquet, a table, a column for each pixel, or image files (Hugging Face)", parquet.open_file),
    Format("ARFF, a table or an attribute for each pixel (OpenML)", arff.open_file),
    Format("CSV with a column of all pixels (FER2013)", pixel_texts.open_file),
    Format("CSV, a table of numbers and categories or a column for each pixel", csv_files.open_file),
)
"""In the order of asking: who knows a file by less comes later."""

_PICKLE = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_MOST_LOOKED_AT = 20
_HEADS: tuple[tuple[bytes, str], ...] = (
    (b"\x89HDF\r\n\x1a\n", "HDF5 (also MATLAB 7.3). Save as .npz, or from MATLAB with -v7"),
    (
        b"\x93NUMPY",
        "a single .npy array, without labels. Save both in one file with numpy.savez(file, X=x, y=y)",
    ),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip. Pack the files as zip or tar"),
    (b"Rar!", "RAR. Pack the files as zip or tar"),
    (b"\xfd7zXZ\0", "xz. Pack the files as zip or tar.gz"),
    (b"BZh", "bzip2. Pack the files as zip or tar.gz"),
    (b"\x28\xb5\x2f\xfd", "Zstandard. Pack the files as zip or tar.gz"),
    (b"%PDF", "PDF"),
    (b"SQLite format 3\0", "SQLite"),
)
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", *(head for head, _ in _HEADS[2:7]))


def open_reader(path: Path, options: ReadingOptions) -> Reader:
    """The reader of the file's format.

    Raises:
        DatasetError: nobody knows the format, or the file is damaged; what would be right.
    """
    if path.stat().st_size == 0:
        raise DatasetError("The file is empty.")
    _refuse_pickles(path, options)
    for known in FORMATS:
        reader = known.open_file(path, options)
        if reader is not None:
            return reader
    raise DatasetError(f"{_guess(path, options)} {_readable()}")


def _readable() -> str:
    return f"What can be read: {'; '.join(known.description for known in FORMATS)}."


def _refuse_pickles(path: Path, options: ReadingOptions) -> None:
    given = members(path, options.limits)
    for member in given[:_MOST_LOOKED_AT]:
        if not member.head.startswith(_PICKLE):
            continue
        if "cifar" in member.name.lower() or member.base in {"data_batch_1", "test_batch"}:
            raise DatasetError(
                f"{member.name} is a Python pickle, and pickles are never read: they can run any program. Take "
                "CIFAR's binary version instead (cifar-10-binary.tar.gz, cifar-100-binary.tar.gz from "
                "https://www.cs.toronto.edu/~kriz/cifar.html)."
            )
        raise DatasetError(
            f"{member.label} is a Python pickle, and pickles are never read: they can run any program. Save the "
            "arrays with numpy.savez(file, x_train=…, y_train=…, x_test=…, y_test=…)."
        )


def _guess(path: Path, options: ReadingOptions) -> str:
    """What the file seems to be."""
    head = head_of(path, 32)
    known = next((name for start, name in _HEADS if head.startswith(start)), None)
    if known is not None:
        return f"The file is {known}."
    given = members(path, options.limits)
    inner = next((member for member in given[:_MOST_LOOKED_AT] if member.name and _is_archive(member)), None)
    if inner is not None:
        return f"{inner.name} is an archive inside the archive: unpack it and pack its files."
    if not given or given[0].name:
        names = sorted({PurePosixPath(member.name).suffix or member.base for member in given})
        return (
            f"The archive holds nothing that is known ({', '.join(names[:8]) or 'no files, or very many'})."
        )
    return "The format of the file is not known."


def _is_archive(member: Member) -> bool:
    return member.head.startswith(_ARCHIVES)
