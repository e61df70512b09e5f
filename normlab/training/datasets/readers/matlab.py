"""MATLAB's files of version 5 (to 7) with pixels ``X`` and labels ``y``, samples in the last axis: SVHN.

``scipy.io.loadmat`` holds every variable whole, and a lying header makes it ask for as much memory as it says; SVHN's
largest file has 1.6 GB. So the few structures that stand around a numeric array are read by hand and its values are
streamed. Source of the format: "MAT-File Format", MathWorks, chapter 1.
"""

import contextlib
import io
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from normlab.errors import DatasetError
from normlab.training.datasets.readers.array_names import Role, meaning
from normlab.training.datasets.readers.array_pairs import ArrayPair, ArrayPairReader
from normlab.training.datasets.readers.base import Notice, ReadingOptions
from normlab.training.datasets.readers.bundles import Member, members
from normlab.training.datasets.readers.stored_arrays import StoredArray
from normlab.training.datasets.readers.streams import Inflated, Window, read_fully
from normlab.training.datasets.readers.unused_options import refuse_unused

_HEADER_BYTES = 128
_MAGIC = b"MATLAB 5.0 MAT-file"
_MATRIX, _COMPRESSED = 14, 15
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_NUMERIC_CLASSES = range(6, 16)
_COMPLEX, _LOGICAL = 0x0800, 0x0200
_MOST_NAME, _MOST_AXES, _MOST_VARIABLES = 256, 8, 100
_SVHN = (32, 32, 3)


def open_file(path: Path, options: ReadingOptions) -> ArrayPairReader | None:
    """Read one ``.mat`` file, or a zip or tar of them, each a part; None: there is none. See ``Reader``."""
    given = [member for member in members(path, options.limits) if not member.is_note]
    if not given or not all(member.head[: len(_MAGIC)] == _MAGIC for member in given):
        return None
    pairs = [_pair(member) for member in given]
    if len({pair.split for pair in pairs}) < len(pairs):
        names = ", ".join(member.base for member in given)
        raise DatasetError(f"It is not known which part each file is ({names}): name them train… and test….")
    notices = []
    if pairs[0].x.shape[1:] == _SVHN and _are_1_to_10([pair.y for pair in pairs]):
        detail = "The label 10 stands for the digit 0, as in SVHN: it became 0."
        notices.append(Notice("label_ten_is_zero", "info", detail))
        pairs = [replace(pair, y=replace(pair.y, view=_ten_to_zero)) for pair in pairs]
    refuse_unused(options, "matlab", turn=True, columns=False)
    return ArrayPairReader("matlab", pairs, options, notices=notices)


def _pair(member: Member) -> ArrayPair:
    sides: dict[Role, StoredArray] = {}
    met: list[str] = []
    for name, dims, variable in _variables(member):
        met.append(f"{name} ({' x '.join(map(str, dims))})")
        role, _ = meaning(name)
        if role is Role.PIXELS:
            sides[role] = _pixels(name, dims, variable)
        elif role is Role.LABELS:
            sides[role] = _labels(name, dims, variable)
    if len(sides) < 2:
        raise DatasetError(
            f"{member.label} has {', '.join(met) or 'no arrays of numbers'}; right are pixels X (height x width x "
            "channels x n) and labels y (n x 1), as SVHN has them. Of EMNIST, bring the IDX files."
        )
    x, y = sides[Role.PIXELS], sides[Role.LABELS]
    if x.shape[0] != y.shape[0]:
        raise DatasetError(
            f"{member.label} has {y.shape[0]} labels, and {x.shape[0]} is the last axis of {x.name}; right is the "
            "samples' axis last, as SVHN has it."
        )
    return ArrayPair(meaning(member.base)[1], x, y)


def _are_1_to_10(labels: list[StoredArray]) -> bool:
    """Whether these are the smallest and the largest label of all parts."""
    ends = [(block.min(), block.max()) for part in labels for _, block in part.blocks()]
    return bool(ends) and min(end[0] for end in ends) == 1 and max(end[1] for end in ends) == 10


def _ten_to_zero(labels: NDArray[Any]) -> NDArray[Any]:
    return np.where(labels == 10, 0, labels)


def _pixels(name: str, dims: tuple[int, ...], variable: "_Variable") -> StoredArray:
    """MATLAB counts along the first axis first, so a sample lies there as (channels, width, height) in C order."""
    sample = dims[:-1]
    axes = (0, *range(len(sample), 0, -1))
    return StoredArray(
        name, (dims[-1], *sample), variable.dtype, variable, sample[::-1], lambda block: block.transpose(axes)
    )


def _labels(name: str, dims: tuple[int, ...], variable: "_Variable") -> StoredArray:
    if len(dims) != 2 or 1 not in dims:
        raise DatasetError(
            f"The labels {name} are {' x '.join(map(str, dims))}; right is one for each sample: n x 1."
        )
    return StoredArray(name, (max(dims),), variable.dtype, variable)


@dataclass(frozen=True)
class _Variable:
    """Where a numeric variable's values are; called, it opens them."""

    member: Member
    order: str
    offset: int
    size: int
    compressed: bool
    dtype: np.dtype[Any]

    @contextlib.contextmanager
    def __call__(self) -> Iterator[BinaryIO]:
        with self.member.open() as file, _content(file, self.offset, self.size, self.compressed) as stream:
            _read_heading(stream, self.order)
            yield stream


def _variables(member: Member) -> Iterator[tuple[str, tuple[int, ...], _Variable]]:
    """Name, axes and place of each real numeric array."""
    with member.open() as file:
        header = read_fully(file, _HEADER_BYTES)
        order = {b"IM": "<", b"MI": ">"}.get(bytes(header[126:128]))
        if order is None:
            raise DatasetError(f"{member.label} begins as a MATLAB file and ends inside its header.")
        offset = _HEADER_BYTES
        for _ in range(_MOST_VARIABLES):
            file.seek(offset)
            tag = read_fully(file, 8)
            if len(tag) < 8:
                return
            kind, size = struct.unpack(f"{order}II", tag)
            offset += 8
            if kind not in {_MATRIX, _COMPRESSED}:
                raise DatasetError(f"{member.label} is damaged: at byte {offset - 8} no variable begins.")
            compressed = kind == _COMPRESSED
            with _content(file, offset, size, compressed) as stream:
                heading = _read_heading(stream, order)
            if heading is not None:
                name, dims, dtype = heading
                yield name, dims, _Variable(member, order, offset, size, compressed, dtype)
            offset += size


@contextlib.contextmanager
def _content(file: BinaryIO, offset: int, size: int, compressed: bool) -> Iterator[BinaryIO]:
    """What is in a top-level element, without the tag of a matrix. Leaves ``file`` open."""
    raw = io.BufferedReader(Window(file, offset, size, closes=False))
    if not compressed:
        yield raw
        return
    stream = io.BufferedReader(Inflated(raw))
    read_fully(stream, 8)
    yield stream


def _read_heading(stream: BinaryIO, order: str) -> tuple[str, tuple[int, ...], np.dtype[Any]] | None:
    """Read up to the values of a variable; None: it is no real numeric array."""
    _, flags = _element(stream, order, 8)
    word = struct.unpack(f"{order}I", flags[:4])[0]
    if word & 0xFF not in _NUMERIC_CLASSES or word & _COMPLEX:
        return None
    _, axes = _element(stream, order, 4 * _MOST_AXES)
    dims = struct.unpack(f"{order}{len(axes) // 4}i", axes)
    name = _element(stream, order, _MOST_NAME)[1].decode("ascii", "replace")
    kind, size, _ = _tag(stream, order)
    if kind not in _TYPES:
        raise DatasetError(f"The values of {name} are of the unknown type {kind}.")
    dtype = np.dtype(order + _TYPES[kind])
    if min(dims) < 0 or size != math.prod(dims) * dtype.itemsize:
        raise DatasetError(
            f"The header of {name} says {' x '.join(map(str, dims))} and {size} bytes, which do not agree."
        )
    return name, dims, np.dtype(bool) if word & _LOGICAL and dtype.itemsize == 1 else dtype


def _element(stream: BinaryIO, order: str, most: int) -> tuple[int, bytes]:
    """Read a small element of a heading: its type and its bytes, without the padding."""
    kind, size, inline = _tag(stream, order)
    if size > most:
        raise DatasetError(f"A heading in a MATLAB file says that it has {size} bytes; {most} are the most.")
    if inline:
        return kind, bytes(read_fully(stream, 4)[:size])
    content = read_fully(stream, size + -size % 8)
    if len(content) < size:
        raise EOFError("it ends inside a heading")
    return kind, bytes(content[:size])


def _tag(stream: BinaryIO, order: str) -> tuple[int, int, bool]:
    """Type and size of an element, and whether its up to four bytes stand within the tag: these are not read yet."""
    first = read_fully(stream, 4)
    (word,) = struct.unpack(f"{order}I", first)
    if word >> 16:
        return word & 0xFFFF, word >> 16, True
    (size,) = struct.unpack(f"{order}I", read_fully(stream, 4))
    return word, size, False
