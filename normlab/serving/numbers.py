"""Long lists of whole numbers in a JSON text -> an array, without an object for each number.

A parser that makes Python's integers and lists takes a millisecond for 64 images of 28 by 28, four times as long as
the network. Here NumPy looks at all bytes at once, some thirty times in a row, each time for microseconds. It reads
only what such bodies usually are: one large list, of numbers 0 to 255, written without fraction and evenly nested. For
all else the answer is None and the caller takes the parser, which also knows what to say about mistakes.
"""

import secrets
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

MIN_BYTES = 16 * 1024
"""Of a body for which this is worth while; below it the parser is faster."""

_MAX_HEAD_BYTES = 4096
_MAX_DEPTH = 4
_JSON_SPACES = b" \t\n\r"
"""Python's own idea of them is wider."""
_KEYS = (b'"instances"', b'"inputs"', b'"data"')


@dataclass(frozen=True)
class Cut:
    """A body whose large list was read: ``rest`` is JSON and has ``marker`` where the list was."""

    rest: bytes
    marker: str
    numbers: npt.NDArray[np.uint8]

    def put_back(self, document: Any) -> Any:
        """``rest``, parsed, with the array in the marker's place."""
        if isinstance(document, dict):
            return {key: self.put_back(value) for key, value in document.items()}
        if isinstance(document, list):
            return [self.put_back(value) for value in document]
        return self.numbers if document == self.marker else document


def cut(body: bytes) -> Cut | None:
    """Read the list behind the body's last key, if it is one of those that images come under."""
    key_end = body.rfind(b'"') + 1
    if not 0 < key_end <= _MAX_HEAD_BYTES or not body[:key_end].endswith(_KEYS):
        return None
    start = body.find(b"[", key_end, key_end + 8)
    end = body.find(b"}", start)
    if start < 0 or end < 0 or body[key_end:start].strip() != b":":
        return None
    numbers = read_numbers(body[start:end].rstrip(_JSON_SPACES))
    if numbers is None:
        return None
    # Nobody can know it beforehand, so a body cannot hold it by itself.
    marker = secrets.token_hex(16)
    return Cut(b"".join((body[:start], b'"', marker.encode(), b'"', body[end:])), marker, numbers)


def read_numbers(text: bytes) -> npt.NDArray[np.uint8] | None:
    """A JSON list of numbers 0 to 255, nested as deep as four, as an array of the same shape; None for anything else.

    What is read is always JSON, but not all JSON is read: spaces stand only behind commas, one or none throughout.
    """
    depth = len(text[:_MAX_DEPTH]) - len(text[:_MAX_DEPTH].lstrip(b"["))
    if not depth or not text.endswith(b"]" * depth):
        return None
    inner = np.frombuffer(text, np.uint8)[depth:-depth].copy()
    comma = b", " if b", " in text[: depth + 5] else b","
    flat = _flatten(inner, depth, comma)
    if flat is None:
        return None
    shape, borders = flat
    read = _read_flat(inner)
    if read is None:
        return None
    numbers, ends = read
    # Every row has as many numbers: so many end before each of the places where rows meet.
    rows = len(borders) + 1
    size, over = divmod(len(numbers), rows)
    if over or not np.array_equal(np.searchsorted(ends, borders), np.arange(1, rows) * size):
        return None
    return numbers.reshape(*shape, size)


def _flatten(
    text: npt.NDArray[np.uint8], depth: int, comma: bytes
) -> tuple[list[int], npt.NDArray[np.int64]] | None:
    """Overwrite what stands between rows, such as ``]], [[``, by a comma and spaces. Gives the shape without the rows'
    own length, and where rows meet; None if brackets are not as those of an evenly nested list.
    """
    closing = np.flatnonzero(text == ord("]"))
    first = np.flatnonzero(np.diff(closing, prepend=-2) > 1)
    borders = closing[first]  # (rows - 1,)
    levels = np.diff(first, append=len(closing))  # how many lists end at each border
    rows = len(borders) + 1
    counted = np.arange(1, rows)
    # How many rows a list of each level has, from the innermost up: where the first of them ends.
    lengths = [1]
    for level in range(2, depth):
        ending = counted[levels >= level]
        lengths.append(int(ending[0]) if len(ending) else rows)
    lengths.append(rows)
    expected = sum((counted % length == 0).astype(np.int64) for length in lengths[:-1])
    if (depth == 1 and rows > 1) or not np.array_equal(levels, expected):
        return None
    if any(outer % inner for inner, outer in pairwise(lengths)):
        return None
    for level in range(1, depth):
        pattern = np.frombuffer(b"]" * level + comma + b"[" * level, np.uint8)
        places = borders[levels == level][:, np.newaxis] + np.arange(len(pattern))  # (borders, characters)
        if places.size and (places[-1, -1] >= len(text) or (text[places] != pattern).any()):
            return None
        text[places] = ord(" ")
    text[borders] = ord(",")
    return [outer // inner for inner, outer in pairwise(lengths)][::-1][: depth - 1], borders


def _read_flat(text: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]] | None:
    """``1, 2,34`` as numbers, and where the last digit of each stands; None unless it is that and nothing else.

    Between arrays of booleans ``>`` means "and not".
    """
    if len(text) < 4:
        return None
    values: npt.NDArray[np.uint8] = text ^ np.uint8(ord("0"))
    digit = values < 10
    comma, space = text == ord(","), text == ord(" ")
    if (
        not (digit[0] and digit[-1] and (digit | comma | space).all())
        or (comma[1:] > digit[:-1]).any()
        or (space[1:] & digit[:-1]).any()
        # a fourth digit
        or (digit[:-3] & digit[1:-2] & digit[2:-1] & digit[3:]).any()
    ):
        return None
    zero_in_front = values == 0
    zero_in_front[1:] &= ~digit[:-1]
    if (zero_in_front[:-1] & digit[1:]).any():
        return None
    values *= digit
    hundreds = values[:-2] * digit[1:-1]
    values[1:] += np.uint8(10) * values[:-1]  # up to 99
    if ((hundreds > 2) & digit[2:]).any() or ((hundreds == 2) & (values[2:] > 55) & digit[2:]).any():
        return None
    hundreds *= 100  # what overflows stands behind separators, and is left out below
    values[2:] += hundreds
    last = np.empty_like(digit)
    np.greater(digit[:-1], digit[1:], out=last[:-1])
    last[-1] = True
    ends = np.flatnonzero(last)
    return values[ends], ends
