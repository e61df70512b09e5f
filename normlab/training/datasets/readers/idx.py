"""IDX, the format of MNIST and its kin: two or four files, plain or gzip, in a zip or tar.

Read by hand: two zero bytes, a type, the number of axes, a big-endian int32 for each axis, the values. Source of the
format: https://yann.lecun.com/exdb/mnist/.
"""

import contextlib
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from normlab.errors import DatasetError
from normlab.training.datasets.readers.array_names import Role, meaning
from normlab.training.datasets.readers.array_pairs import ArrayPair, ArrayPairReader
from normlab.training.datasets.readers.base import Notice, ReadingOptions, Split
from normlab.training.datasets.readers.bundles import Member, members
from normlab.training.datasets.readers.stored_arrays import StoredArray
from normlab.training.datasets.readers.streams import read_fully, unpacked
from normlab.training.datasets.readers.unused_options import refuse_unused

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_AXES = 4
_QMNIST_COLUMNS = 8
_ORDER = (Split.TRAINING, Split.VALIDATION, Split.TEST, None)
_RIGHT = (
    "Put images and labels into one zip or tar, named as MNIST's: train-images-idx3-ubyte, train-labels-idx1-ubyte, "
    "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte (each may be .gz)."
)


def open_file(path: Path, options: ReadingOptions) -> ArrayPairReader | None:
    """Read IDX files; None: the file is none and holds none. See ``Reader``."""
    given = members(path, options.limits)
    found = {member.name: array for member in given if (array := _stored(member)) is not None}
    if not found:
        return None
    if len(given) == 1 and not given[0].name:
        array = found[""]
        kind = "labels" if len(array.shape) == 1 else "images"
        raise DatasetError(f"This is one IDX file of {kind} ({array.shape[0]} samples). {_RIGHT}")
    if len(names := _datasets(found)) > 1:
        raise DatasetError(
            f"The archive holds several datasets ({', '.join(names)}): bring the files of one."
        )
    pairs = _pair(found)
    emnist = any("emnist" in name.lower() for name in found)
    notices = []
    if emnist and options.turn is None:
        detail = (
            "EMNIST stores its pictures with rows and columns exchanged, so they lie on their side; they were left "
            "so. Say turn to have them upright."
        )
        notices.append(
            Notice("pictures_on_their_side", "warning", detail, sum(pair.x.shape[0] for pair in pairs))
        )
    refuse_unused(options, "idx", turn=True, columns=False)
    return ArrayPairReader("idx", pairs, options, notices=notices, class_names=_emnist_names(given))


def _stored(member: Member) -> StoredArray | None:
    """The array in a file; None where it is no IDX."""
    head = member.head[:2]
    if head not in {b"\0\0", b"\x1f\x8b"}:
        return None
    opener = _Opener(member)
    with opener.at_start() as stream:
        header = opener.header(stream)
    if header is None:
        return None
    shape, dtype = header
    name = member.base.removesuffix(".gz") or "The file"
    return StoredArray(name, shape, dtype, opener)


@dataclass(frozen=True)
class _Opener:
    member: Member

    @contextlib.contextmanager
    def at_start(self) -> Iterator[BinaryIO]:
        with self.member.open() as stream:
            yield unpacked(stream)

    @contextlib.contextmanager
    def __call__(self) -> Iterator[BinaryIO]:
        with self.at_start() as stream:
            self.header(stream)
            yield stream

    def header(self, stream: BinaryIO) -> tuple[tuple[int, ...], np.dtype[np.generic]] | None:
        """Shape and type; the stream then stands at the values. None: this is no IDX."""
        magic = read_fully(stream, 4)
        if (
            len(magic) < 4
            or magic[:2] != b"\0\0"
            or magic[2] not in _TYPES
            or not 1 <= magic[3] <= _MOST_AXES
        ):
            return None
        axes = read_fully(stream, 4 * magic[3])
        if len(axes) < 4 * magic[3]:
            raise DatasetError(f"{self.member.label} ends inside its header.")
        shape = struct.unpack(f">{magic[3]}i", axes)
        if any(axis < 0 for axis in shape):
            raise DatasetError(f"The header of {self.member.label} says that its shape is {shape}.")
        return shape, np.dtype(_TYPES[magic[2]])


def _pair(found: dict[str, StoredArray]) -> list[ArrayPair]:
    sides: dict[tuple[Role, Split | None], StoredArray] = {}
    for name, array in found.items():
        _, split = meaning(name)
        side = (_role(array), split)
        if side in sides:
            raise DatasetError(
                f"Both {sides[side].name} and {array.name} are {side[0]} of one part. {_RIGHT}"
            )
        sides[side] = array
    pairs = []
    for split in _ORDER:
        x, y = (sides.get((role, split)) for role in (Role.PIXELS, Role.LABELS))
        if x is not None and y is not None:
            pairs.append(ArrayPair(split, x, _first_column(y)))
        elif x is not None or y is not None:
            names = [array.name for array in (x, y) if array is not None]
            raise DatasetError(f"{names[0]} has no {'images' if x is None else 'labels'} beside it. {_RIGHT}")
    return pairs


def _role(array: StoredArray) -> Role:
    labels = len(array.shape) == 1 or (len(array.shape) == 2 and array.shape[1] == _QMNIST_COLUMNS)
    return Role.LABELS if labels else Role.PIXELS


def _first_column(labels: StoredArray) -> StoredArray:
    """QMNIST has eight numbers for each sample (class, writer's series and number, …); the first is the class."""
    if len(labels.shape) == 1:
        return labels
    return replace(
        labels, shape=labels.shape[:1], stored_sample=labels.shape[1:], view=lambda block: block[:, 0]
    )


def _datasets(found: dict[str, StoredArray]) -> list[str]:
    """What stands before the part in the files' names: EMNIST's archive holds six sets in one."""
    return sorted(
        {re.split(r"(?i)-?(?:train|t10k|test|val|images|labels)", array.name)[0] for array in found.values()}
    )


def _emnist_names(given: Sequence[Member]) -> dict[int, str] | None:
    """EMNIST's mapping: lines of a label and the codes of its characters (upper case first)."""
    mapping = next((member for member in given if member.base.endswith("-mapping.txt")), None)
    if mapping is None:
        return None
    names: dict[int, str] = {}
    for line in mapping.start(1 << 14).decode("ascii", "replace").splitlines():
        numbers = line.split()
        if len(numbers) < 2 or not all(number.isdigit() and len(number) < 4 for number in numbers):
            raise DatasetError(
                f"{mapping.name} should have lines of a label and character codes; it has {line[:40]!r}."
            )
        names[int(numbers[0])] = chr(int(numbers[1]))
    return names
