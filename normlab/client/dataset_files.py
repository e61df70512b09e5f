"""What somebody has as data -> a file that can be sent: as it is, or written for the purpose."""

import importlib
import io
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from normlab.errors import DatasetError

Sendable = IO[bytes] | Iterator[bytes]


@contextmanager
def sendable(data: Any) -> Iterator[Sendable]:
    """The file at a path, a folder as a tar, or a temporary file of what is in memory.

    Other libraries' objects are known by what they can do, without importing these libraries.

    Raises:
        DatasetError: It cannot be read, or is nothing that can be sent.
    """
    if isinstance(data, str | Path):
        with _of_path(Path(data)) as content:
            yield content
        return
    with tempfile.TemporaryDirectory(prefix="normlab-dataset-") as folder:
        path = Path(folder) / "data"
        if not _write_frame(data, path):
            with path.open("wb") as file:
                np.savez(file, **_arrays(data))
        with path.open("rb") as file:
            yield file


def _write_frame(data: Any, path: Path) -> bool:
    """Write a table with names of columns by what it offers, as Parquet where it can, which keeps types."""
    if hasattr(data, "to_parquet") or hasattr(data, "to_csv"):  # pandas
        try:
            data.to_parquet(path, index=False)
        except (AttributeError, ImportError, TypeError, ValueError):
            # Without pyarrow, with numbers as names of columns, or with values of several types in a column.
            data.to_csv(path, index=False)
    elif hasattr(data, "write_parquet"):  # polars
        data.write_parquet(path)
    elif type(data).__module__.partition(".")[0] == "pyarrow" and hasattr(data, "column_names"):
        importlib.import_module("pyarrow.parquet").write_table(data, path)
    else:
        return False
    return True


def file_name(data: Any) -> str | None:
    """What the service is told as the name of what is sent: that of a file, or of a folder with ``/`` behind it."""
    if not isinstance(data, str | Path):
        return None
    path = Path(data).resolve()
    name = "".join(filter(str.isprintable, path.name)).replace('"', "'")
    return f"{name}/" if path.is_dir() else name


@contextmanager
def _of_path(path: Path) -> Iterator[Sendable]:
    if path.is_dir():
        yield _as_tar(path)
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
    with file:
        yield file


def _as_tar(folder: Path) -> Iterator[bytes]:
    """All files below a folder, one in memory at a time, without owners and times: the same files give the same tar."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            info = tarfile.TarInfo(path.relative_to(folder).as_posix())
            try:
                info.size = path.stat().st_size
                with path.open("rb") as file:
                    tar.addfile(info, file)
            except OSError as error:
                raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error
            yield _taken(written)
    yield _taken(written)


def _taken(written: io.BytesIO) -> bytes:
    content = written.getvalue()
    written.seek(0)
    written.truncate()
    return content


def _arrays(data: Any) -> dict[str, Any]:
    """Arrays by the names that they have in an npz."""
    if isinstance(data, Mapping):
        return {str(name): np.asarray(values) for name, values in data.items()}
    if hasattr(data, "as_numpy_iterator"):  # tf.data
        return _collected(data.as_numpy_iterator())
    if isinstance(data, tuple | list) and len(data) == 2 and _is_pair(data[0]) and _is_pair(data[1]):
        (x_train, y_train), (x_test, y_test) = data  # as Keras's load_data gives
        names = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
        return {name: np.asarray(values) for name, values in names.items()}
    if _is_pair(data):
        return {"x": np.asarray(data[0]), "y": np.asarray(data[1])}
    if hasattr(data, "__getitem__") and hasattr(data, "__len__"):  # a map-style dataset of torch
        return _collected(data[place] for place in range(len(data)))
    raise DatasetError(
        "data should be the path of a file or folder, (x, y), ((x_train, y_train), (x_test, y_test)), a dict of "
        "arrays, a frame of pandas, polars or pyarrow, a tf.data.Dataset or a torch Dataset, not "
        f"{type(data).__name__}."
    )


def _is_pair(data: Any) -> bool:
    return isinstance(data, tuple | list) and len(data) == 2 and all(np.ndim(each) > 0 for each in data)


def _collected(samples: Iterator[Any]) -> dict[str, Any]:
    """Pairs of a sample and a label, or of batches of them, as two arrays. They are held in memory."""
    xs, ys = [], []
    for sample in samples:
        if not isinstance(sample, tuple | list) or len(sample) != 2:
            raise DatasetError("The dataset should give pairs of a sample and a label.")
        xs.append(np.asarray(sample[0]))
        ys.append(np.asarray(sample[1]))
    if not xs:
        raise DatasetError("The dataset is empty.")
    batched = ys[0].ndim > 0
    return {
        "x": np.concatenate(xs) if batched else np.stack(xs),
        "y": np.concatenate(ys) if batched else np.stack(ys),
    }
