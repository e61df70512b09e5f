"""NumPy's ``.npz``: one with pixels and labels of all parts, or a zip of several (Kuzushiji), never with pickles.

``numpy.load`` would hold every array whole, so only its parser of headers is used and the values are streamed from the
zip's member.
"""

import contextlib
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

import numpy as np

from normlab.errors import DatasetError
from normlab.training.datasets.readers.array_names import Role, meaning
from normlab.training.datasets.readers.array_pairs import ArrayPair, ArrayPairReader
from normlab.training.datasets.readers.base import Notice, ReadingOptions, Split
from normlab.training.datasets.readers.bundles import Member, members
from normlab.training.datasets.readers.companions import Columns, take_class_names, take_columns
from normlab.training.datasets.readers.stored_arrays import StoredArray
from normlab.training.datasets.readers.streams import Bounded, read_fully
from normlab.training.datasets.readers.unused_options import refuse_unused

_MAGIC = b"\x93NUMPY"
_ZIP = b"PK\x03\x04"
_ORDER = (Split.TRAINING, Split.VALIDATION, Split.TEST)
_MOST_HEADER = 10_000
"""NumPy's own limit, which it looks at after it has read the header."""
_HEADERS = {
    (1, 0): (2, np.lib.format.read_array_header_1_0),
    (2, 0): (4, np.lib.format.read_array_header_2_0),
}
"""By version: how many bytes the header's length has, and what parses both."""
_RIGHT = (
    "Names that are understood: x_train, y_train, x_test, y_test (also x_val, y_val), train_images, train_labels, or "
    "X, y."
)


def open_file(path: Path, options: ReadingOptions) -> ArrayPairReader | None:
    """Read an ``.npz``; None: the file is none. See ``Reader``."""
    found = _arrays([member for member in members(path, options.limits) if not member.is_note])
    if not found:
        return None
    refuse_unused(options, "npz", turn=True, columns=True)
    class_names, columns = take_class_names(found, options.limits.max_classes), take_columns(found, options)
    pairs, ignored = _pair(found)
    pairs = [replace(pair, columns=columns.get(pair.split, Columns())) for pair in pairs]
    notices = []
    if ignored:
        detail = "Arrays that are neither pixels nor labels were left out."
        notices.append(Notice("ignored_arrays", "info", detail, len(ignored), tuple(ignored[:5])))
    return ArrayPairReader("npz", pairs, options, notices=notices, class_names=class_names)


def _arrays(given: Sequence[Member]) -> dict[str, StoredArray]:
    """The arrays of an archive of ``.npy`` files, or of one of ``.npz`` files; none where it holds neither."""
    if not given:
        return {}
    if all(member.name.endswith(".npy") for member in given) or (
        given[0].name and given[0].head[:6] == _MAGIC
    ):
        return {
            name: _stored(name, member.open)
            for member in given
            for name in [member.name.removesuffix(".npy")]
            if _is_array(name, member.head or member.start(len(_MAGIC)))
        }
    if not all(member.name.endswith(".npz") and member.head[:4] == _ZIP for member in given):
        return {}
    return {name: array for member in given for name, array in _inner(member)}


def _inner(outer: Member) -> Iterator[tuple[str, StoredArray]]:
    """The arrays of an ``.npz`` inside a zip; the file's name says what ``arr_0`` does not."""
    stem = PurePosixPath(outer.name.removesuffix(".npz")).name
    with outer.open() as stream, zipfile.ZipFile(cast(BinaryIO, Bounded(stream))) as archive:
        infos = archive.infolist()
    for info in infos:
        key = info.filename.removesuffix(".npy")
        name = stem if key == "arr_0" and len(infos) == 1 else f"{stem}/{key}"
        yield name, _stored(name, _InnerOpener(outer, info))


@dataclass(frozen=True)
class _InnerOpener:
    outer: Member
    info: zipfile.ZipInfo

    @contextlib.contextmanager
    def __call__(self) -> Iterator[BinaryIO]:
        with (
            self.outer.open() as stream,
            zipfile.ZipFile(cast(BinaryIO, Bounded(stream))) as archive,
            archive.open(self.info) as inner,
        ):
            yield cast(BinaryIO, inner)


def _is_array(name: str, head: bytes) -> bool:
    if head.startswith(_MAGIC):
        return True
    raise DatasetError(
        f"{name} is no array: it does not begin as .npy files do. Save the arrays with numpy.savez."
    )


def _stored(name: str, opener: Callable[[], contextlib.AbstractContextManager[BinaryIO]]) -> StoredArray:
    with opener() as stream:
        shape, fortran_order, dtype = _read_header(name, stream)
    if dtype.hasobject:
        raise DatasetError(
            f"{name} is an array of Python objects, which NumPy stores as a pickle, and pickles are never read. Save "
            "numbers: np.savez(file, x_train=np.array(x, np.uint8), …); names of classes as np.array(names, str)."
        )
    if dtype.fields is not None or dtype.subdtype is not None:
        raise DatasetError(f"{name} is an array of records; pixels and labels are plain numbers.")
    if fortran_order and len(shape) > 1:
        raise DatasetError(
            f"{name} is stored in Fortran's order, the samples not one after another: save "
            f"np.ascontiguousarray({name})."
        )

    @contextlib.contextmanager
    def open_values() -> Iterator[BinaryIO]:
        with opener() as stream:
            _read_header(name, stream)
            yield stream

    return StoredArray(name, shape, dtype, open_values)


def _read_header(name: str, stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise DatasetError(f"{name} has version {version} of the .npy format; 1.0 and 2.0 are read.")
    length_bytes, read_header = _HEADERS[version]
    length = stream.read(length_bytes)
    if (size := int.from_bytes(length, "little")) > _MOST_HEADER:
        raise DatasetError(
            f"The header of {name} says that it has {size} bytes itself; {_MOST_HEADER} are the most."
        )
    shape, fortran_order, dtype = read_header(io.BytesIO(length + read_fully(stream, size)))
    if any(axis < 0 for axis in shape):
        raise DatasetError(f"The header of {name} says that its shape is {shape}.")
    return shape, fortran_order, dtype


def _pair(found: dict[str, StoredArray]) -> tuple[list[ArrayPair], list[str]]:
    """Pixels with their labels, training first, and the names of all other arrays."""
    meanings = _numbered(found) or {name: meaning(name) for name in found}
    sides: dict[tuple[Role, Split | None], str] = {}
    for name, (role, split) in meanings.items():
        if role is None:
            continue
        if (role, split) in sides:
            raise DatasetError(
                f"Both {sides[role, split]} and {name} could be the {role} of one part. {_RIGHT} Leave out what is "
                "not to be read."
            )
        sides[role, split] = name
    pairs = []
    for split in (*_ORDER, None):
        x, y = (sides.get((role, split)) for role in (Role.PIXELS, Role.LABELS))
        if x is not None and y is not None:
            pairs.append(ArrayPair(split, found[x], found[y]))
        elif x is not None or y is not None:
            missing = "labels" if y is None else "pixels"
            raise DatasetError(
                f"{x or y} has no {missing} beside it: the file has {_listed(found)}. {_RIGHT}"
            )
    if not pairs:
        raise DatasetError(
            f"The file has {_listed(found)}; which are pixels and labels is not known. {_RIGHT}"
        )
    used = {array.name for pair in pairs for array in (pair.x, pair.y)}
    return pairs, [name for name in found if name not in used]


def _numbered(found: dict[str, StoredArray]) -> dict[str, tuple[Role | None, Split | None]] | None:
    """What ``numpy.savez`` without names makes: pixels, labels, and perhaps the same of the test part."""
    names = [f"arr_{number}" for number in range(len(found))]
    if set(names) != set(found) or len(names) not in {2, 4}:
        return None
    splits: tuple[Split | None, ...] = (None,) if len(names) == 2 else (Split.TRAINING, Split.TEST)
    return {
        name: ((Role.PIXELS, Role.LABELS)[number % 2], splits[number // 2])
        for number, name in enumerate(names)
    }


def _listed(found: dict[str, StoredArray]) -> str:
    return ", ".join(f"{array.name} {array.dtype} {array.shape}" for array in list(found.values())[:8])
