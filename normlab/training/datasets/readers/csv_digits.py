"""Lines whose cells are all whole numbers from 0 to 255 in plain digits, read by NumPy.

That is how tables of pixels nearly always are. By hand, since pyarrow, pandas and ``numpy.loadtxt`` look at one
character after another, for every form that a number can have, where here each step is one operation on many bytes at
once. Lines that hold anything else (a sign, a point, a quote, a space, nothing at all, a leading zero) are left to
a parser that knows it.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

STEP_BYTES = 1 << 17
"""So much is looked at at once, so that what comes of it stays in a processor's own cache."""
_LONGEST = 3
"""Digits of a cell."""
_LINE_END = ord("\n")

Bytes = npt.NDArray[np.uint8]


def cells(lines: bytes, delimiter: str, columns: int) -> Bytes | None:
    """The values of whole lines, (rows, ``columns``); None where one is not as above, or a row has another length."""
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n")
    if not lines.endswith(b"\n"):
        lines += b"\n"
    text = np.frombuffer(lines, np.uint8)
    found = []
    for step in _steps(text):
        rows = _rows(step, ord(delimiter), columns)
        if rows is None:
            return None
        found.append(rows)
    return np.concatenate(found)


def _steps(text: Bytes) -> Iterator[Bytes]:
    """Pieces of whole lines."""
    ends = np.flatnonzero(text == _LINE_END) + 1
    start = 0
    while start < len(text):
        behind = int(np.searchsorted(ends, start + STEP_BYTES, side="right"))
        stop = int(ends[max(behind - 1, 0)])
        if stop <= start:  # the next line is longer
            stop = int(ends[behind])
        yield text[start:stop]
        start = stop


def _rows(text: Bytes, delimiter: int, columns: int) -> Bytes | None:
    """The same of one piece. All below is about each byte at once, and the three before it."""
    digit = np.full(_LONGEST + len(text), 255, np.uint8)
    np.subtract(text, ord("0"), out=digit[_LONGEST:])
    other = digit > 9  # also before the text
    ends, empty, one, two = other[3:], other[2:-1], other[1:-2], other[:-3]
    leading_zero = (digit[2:-1] == 0) & one & ~ends
    too_long = ~(ends | empty | one | two)
    if (ends & empty).any() or leading_zero.any() or too_long.any():
        return None
    places = np.flatnonzero(ends)
    between = text[places]
    if len(between) % columns:
        return None
    between = between.reshape(-1, columns)
    if (between[:, :-1] != delimiter).any() or (between[:, -1] != _LINE_END).any():
        return None
    has_tens = ~one
    has_hundreds = has_tens & ~two
    hundreds = digit[:-3]
    values = digit[2:-1] + digit[1:-2] * (
        has_tens.view(np.uint8) * np.uint8(10)
    )  # up to 99 where a cell ends
    too_large = (hundreds > 2) | ((hundreds == 2) & (values > 55))
    if (too_large & has_hundreds & ends).any():
        return None
    values += hundreds * (has_hundreds.view(np.uint8) * np.uint8(100))
    return values[places].reshape(-1, columns)
