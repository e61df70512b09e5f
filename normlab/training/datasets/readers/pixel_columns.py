"""Which columns of a table are pixels, in which order and of which shape; and which column is the label.

Names tell it where there are some: ``label, pixel1, …, pixel784`` (Kaggle), ``pixel1, …, class`` (OpenML), numbers from
0 or 1, ``1x1, 1x2, …`` for row and column. Without names the label is the first column, or the last where that alone
looks like labels. The pixels lie row by row; three squares of them are colours, plane after plane as in CIFAR's files
or pixel by pixel, whichever makes the smoother pictures.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import Notice, ReadingOptions

LABEL_NAMES = ("label", "class", "target", "y", "labels", "emotion", "digit", "class_label")
SPLIT_NAMES = ("split", "usage", "set", "partition", "subset")
ROW_NAMES = ("", "id", "index", "unnamed: 0", "__index_level_0__", "imageid", "image_id")
"""Columns that number the rows: passed over."""
MAX_COLUMNS = 262_144
"""512 by 512 pixels: wider tables are refused before their rows are looked at."""
SAMPLE_ROWS = 200
"""Rows that are looked at where names do not tell."""

_NUMBERED = re.compile(r"(?:.*\D)?(\d+)")
_ROW_AND_COLUMN = re.compile(r"\D*(\d+)\D+(\d+)")
_FEW = 5


@dataclass(frozen=True)
class Look:
    """What rows of pixels look like."""

    shape: tuple[int, ...]
    """(height, width) or (height, width, 3)."""
    planes: bool
    """The colours lie plane after plane."""
    notices: tuple[Notice, ...]

    @property
    def values(self) -> int:
        """How many a row has."""
        return math.prod(self.shape)

    def pictures(self, values: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Rows of pixels, (n, values), as (n, *shape)."""
        return _as_pictures(values, self.shape, planes=self.planes)


@dataclass(frozen=True)
class PixelColumns(Look):
    """The same of a table, and the places of its columns."""

    label: int
    pixels: tuple[int, ...]
    """In the order in which they make a picture."""
    split: int | None
    group: int | None
    time: int | None


def refuse_too_wide(count: int, table: str) -> None:
    """Raise ``DatasetError`` where a table has more columns than are read."""
    if count > MAX_COLUMNS:
        raise DatasetError(
            f"{table} has {count} columns, more than {MAX_COLUMNS} (MAX_COLUMNS): bring them as files in a zip."
        )


def understand(
    names: Sequence[str] | None, sample: npt.NDArray[np.float64], options: ReadingOptions, table: str
) -> PixelColumns | None:
    """What the columns are; None where no column can be the label (a test set that is to be predicted).

    ``sample`` has some rows, (rows, columns), NaN where a value is no number. ``table`` is its name for sentences.

    Raises:
        DatasetError: a column that the options name is not there, or the others are no pictures.
    """
    count = sample.shape[1]
    columns = (
        [name.strip() for name in names] if names is not None else [str(place + 1) for place in range(count)]
    )
    taken = {
        "split": named_column(columns, options.split_column, SPLIT_NAMES if names is not None else (), table),
        "group": named_column(columns, options.group_column, (), table),
        "time": named_column(columns, options.time_column, (), table),
    }
    free = [place for place in range(count) if place not in taken.values()]
    notices = []
    if names is not None:
        rows = [
            place
            for place in free
            if columns[place].lower() in ROW_NAMES and columns[place] != options.label_column
        ]
        free = [place for place in free if place not in rows]
        if rows:
            passed = ", ".join(repr(columns[place]) for place in rows)
            notices.append(
                Notice("row_numbers", "info", f"Columns that number the rows were passed over: {passed}.")
            )
        label = _label_by_name(columns, free, options.label_column, table)
    else:
        label = _label_by_looks(sample, free, options.label_column, table)
        place = "first" if label == free[0] else "last" if label == free[-1] else f"{label + 1}th"
        detail = f"There are no column names: the {place} column was taken as the label (label_column says another)."
        notices.append(Notice("label_column", "info", detail))
    if label is None:
        return None
    pixels = [place for place in free if place != label]
    shape = None
    if names is not None:
        pixels, shape, reordered = _in_order(columns, pixels, table)
        if reordered:
            detail = (
                "The pixels' columns do not stand in the order of their numbers, and were brought into it."
            )
            notices.append(Notice("column_order", "info", detail))
    look = look_of(sample[:, pixels], table, shape)
    return PixelColumns(look.shape, look.planes, (*notices, *look.notices), label, tuple(pixels), **taken)


def look_of(sample: npt.NDArray[np.float64], table: str, shape: tuple[int, ...] | None = None) -> Look:
    """What some rows of pixels, (rows, values), look like; ``shape`` where it is known.

    Raises:
        DatasetError: so many values are no pictures.
    """
    shape = shape or _shape(sample.shape[1], table)
    if len(shape) < 3:
        return Look(shape, False, ())
    planes = _has_planes(sample, shape)
    how = "plane after plane (all red ones first), as in CIFAR's files" if planes else "pixel by pixel"
    detail = f"{sample.shape[1]} values are {shape}: the colours lie {how}."
    return Look(shape, planes, (Notice("colour_order", "info", detail),))


def whole_pixels(
    columns: Sequence[Any], origins: Sequence[str], places: Sequence[int], names: Sequence[str]
) -> npt.NDArray[np.uint8]:
    """Columns of numbers (pyarrow's arrays) as pixels, (rows, columns).

    Raises:
        DatasetError: a value is missing, no whole number or not from 0 to 255; its row and column.
    """
    pixels = np.empty((len(origins), len(columns)), np.uint8)
    for place, column in enumerate(columns):
        values = column.to_numpy(zero_copy_only=False)  # NaN where one is missing
        if values.dtype.kind not in "iuf":
            raise DatasetError(
                f"Column {names[places[place]]} holds {column.type}, where pixels are numbers."
            )
        with np.errstate(
            invalid="ignore"
        ):  # NaN and what is too large become something else, which is seen below
            narrow = values.astype(np.uint8)
        if values.dtype != np.uint8 and (narrow != values).any():
            wrong = int(np.flatnonzero(narrow != values)[0])
            raise DatasetError(
                not_a_pixel(f"{origins[wrong]}, column {names[places[place]]}", str(values[wrong]))
            )
        pixels[:, place] = narrow
    return pixels


def not_a_pixel(where: str, value: str) -> str:
    """The sentence about a value that is none."""
    try:
        scaled = 0 < float(value) < 1
    except ValueError:
        scaled = False
    hint = ", so multiply values from 0 to 1 by 255" if scaled else ""
    return f"{where}: {value!r} is no pixel. Pixels are whole numbers from 0 to 255{hint}."


def named_column(columns: Sequence[str], wanted: str | None, usual: Sequence[str], table: str) -> int | None:
    """The place of a column that the options name, or has a usual name."""
    if wanted is not None:
        if wanted not in columns:
            raise DatasetError(f"{table} has no column {wanted!r}, but {_some(columns)}.")
        return columns.index(wanted)
    return next((place for place, name in enumerate(columns) if name.lower() in usual), None)


def _label_by_name(columns: Sequence[str], free: Sequence[int], wanted: str | None, table: str) -> int | None:
    if wanted is not None:
        return named_column(columns, wanted, (), table)
    by_name = [place for name in LABEL_NAMES for place in free if columns[place].lower() == name]
    if by_name:
        return by_name[0]
    # The only one whose name has no number at its end.
    without = [place for place in free if not _NUMBERED.fullmatch(columns[place])]
    if len(without) == 1:
        return without[0]
    if not without:
        return None
    raise DatasetError(
        f"{table} does not say which column is the label: call it label, or name it (label_column). Its columns are "
        f"{_some(columns)}."
    )


def _label_by_looks(
    sample: npt.NDArray[np.float64], free: Sequence[int], wanted: str | None, table: str
) -> int:
    if not free:
        raise DatasetError(f"{table} has no column left for the label.")
    if wanted is not None:
        ends = {"first": free[0], "last": free[-1]}
        place = ends.get(wanted, int(wanted) - 1 if wanted.isdecimal() else -1)
        if place not in free:
            raise DatasetError(
                f"{table} has no column names: label_column is first, last or a number up to {sample.shape[1]}, not "
                f"{wanted!r}."
            )
        return place
    first, last = (_looks_like_labels(sample[:, place]) for place in (free[0], free[-1]))
    return free[-1] if last and not first else free[0]


def _looks_like_labels(values: npt.NDArray[np.float64]) -> bool:
    """Whether they are texts, or whole numbers without a gap from 0 or 1, where a corner's pixels are mostly "
    "equal."""
    numbers = values[~np.isnan(values)]
    if not len(numbers):
        return len(values) > 0
    distinct = np.unique(numbers)
    whole = distinct.tolist() == list(range(int(distinct[0]), int(distinct[0]) + len(distinct)))
    return bool(len(distinct) > 1 and distinct[0] in (0, 1) and whole)


def _in_order(
    columns: Sequence[str], pixels: list[int], table: str
) -> tuple[list[int], tuple[int, ...] | None, bool]:
    """The pixels' columns by the numbers in their names, and the shape where these are rows and columns."""
    pairs = [_ROW_AND_COLUMN.fullmatch(columns[place]) for place in pixels]
    if pixels and all(pairs):
        keys = [(int(pair[1]), int(pair[2])) for pair in pairs if pair]
        ordered = sorted(range(len(pixels)), key=keys.__getitem__)
        tops = [max(key[axis] for key in keys) - min(key[axis] for key in keys) + 1 for axis in (0, 1)]
        if tops[0] * tops[1] == len(set(keys)) == len(keys):
            return [pixels[place] for place in ordered], (tops[0], tops[1]), ordered != sorted(ordered)
    numbered = [_NUMBERED.fullmatch(columns[place]) for place in pixels]
    if not pixels or not all(numbered):
        odd = next(
            (columns[place] for place, match in zip(pixels, numbered, strict=True) if match is None), None
        )
        raise DatasetError(
            f"{table} is no table of pixels: "
            + (f"a column is called {odd!r}" if odd is not None else "it has none")
            + ". Pixels are columns such as pixel1, pixel2 and so on, beside one with the label."
        )
    numbers = [int(match[1]) for match in numbered if match]
    missing = set(range(min(numbers), min(numbers) + len(numbers))) - set(numbers)
    if missing:
        raise DatasetError(
            f"{table} lacks the pixel {min(missing)}: their columns end at {columns[pixels[-1]]!r}."
        )
    ordered = sorted(range(len(pixels)), key=numbers.__getitem__)
    return [pixels[place] for place in ordered], None, ordered != sorted(ordered)


def _shape(count: int, table: str) -> tuple[int, ...]:
    side = math.isqrt(count)
    if count and side * side == count:
        return (side, side)
    side = math.isqrt(count // 3)
    if count and 3 * side * side == count:
        return (side, side, 3)
    raise DatasetError(
        f"{table} has {count} pixels in a row, which is no square and not three of them (784 are 28 by 28, 3072 "
        "are 32 by 32 in colour)."
    )


def _has_planes(values: npt.NDArray[np.float64], shape: tuple[int, ...]) -> bool:
    """Whether pictures are smoother when their colours lie plane after plane."""
    numbers = np.nan_to_num(values)
    return _roughness(_as_pictures(numbers, shape, planes=True)) <= _roughness(
        _as_pictures(numbers, shape, planes=False)
    )


def _roughness(pictures: npt.NDArray[Any]) -> float:
    """The mean distance of values to those beside and below them."""
    return sum(
        float(np.abs(np.diff(pictures, axis=axis)).mean()) for axis in (1, 2) if pictures.shape[axis] > 1
    )


def _as_pictures(values: npt.NDArray[Any], shape: tuple[int, ...], *, planes: bool) -> npt.NDArray[Any]:
    if planes:
        height, width, channels = shape
        return values.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
    return values.reshape(-1, *shape)


def _some(columns: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in columns[:_FEW])
    return f"{shown} …" if len(columns) > _FEW else shown
