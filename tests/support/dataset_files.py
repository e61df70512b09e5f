"""Small files of the formats in which people bring arrays, made to their published specifications."""

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normlab.training.datasets.readers.base import NOTHING_YET, Notice, ReadingOptions, Split
from normlab.training.datasets.readers.detect import open_reader

IDX_TYPES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


@dataclass
class Read:
    """All that a reader gave."""

    format: str
    x: dict[Split | None, NDArray[np.uint8]]
    y: dict[Split | None, list[int]]
    origins: dict[Split | None, list[str]]
    classes: list[str]
    notices: list[Notice]

    @property
    def codes(self) -> list[str]:
        return [notice.code for notice in self.notices]


def read(path: Path, **options: Any) -> Read:
    """Open a file by its content and read it whole."""
    reader = open_reader(path, ReadingOptions(**options))
    x: dict[Split | None, list[NDArray[np.uint8]]] = {}
    y: dict[Split | None, list[int]] = {}
    origins: dict[Split | None, list[str]] = {}
    for chunk in reader.chunks():
        if chunk is NOTHING_YET:
            continue
        assert chunk.x.dtype == np.uint8
        assert len(chunk.x) == len(chunk.y) == len(chunk.origins)
        x.setdefault(chunk.split, []).append(chunk.x)
        y.setdefault(chunk.split, []).extend(chunk.y.tolist())
        origins.setdefault(chunk.split, []).extend(chunk.origins)
    whole = {split: np.concatenate(parts) for split, parts in x.items()}
    return Read(reader.format, whole, y, origins, list(reader.classes()), reader.notices)


def pictures(count: int, *shape: int, seed: int = 0) -> NDArray[np.uint8]:
    """Random pixels (count, \\*shape) that go from 0 to 255."""
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


def npz(**arrays: NDArray[Any]) -> bytes:
    """A compressed ``.npz``."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type] # its last keyword is a flag
    return file.getvalue()


def idx(array: NDArray[Any], kind: str = "u1") -> bytes:
    """An IDX file: two zero bytes, type, number of axes, axes, values, all big-endian."""
    head = bytes([0, 0, IDX_TYPES[kind], array.ndim]) + struct.pack(f">{array.ndim}i", *array.shape)
    return head + array.astype(f">{kind}").tobytes()


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    """A deflated zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, files: Mapping[str, bytes], *, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload] # the mode is a test's
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def cifar_records(x: NDArray[np.uint8], labels: Sequence[Sequence[int]]) -> bytes:
    """Records of the label bytes and the red, green and blue plane of pixels (n, 32, 32, 3)."""
    planes = x.transpose(0, 3, 1, 2).reshape(len(x), -1)
    return np.concatenate([np.array(labels, np.uint8), planes], axis=1).tobytes()


def stl10_pixels(x: NDArray[np.uint8]) -> bytes:
    """Planes of pixels (n, 96, 96, 3), each column by column."""
    return x.transpose(0, 3, 2, 1).tobytes()
