"""Values of a column as texts and as numbers, by stated rules.

A number is written with a point, with or without an exponent; where a file's delimiter is a semicolon, also with a
comma. Spaces around a value do not count.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

MISSING_IN_ARFF = ("", "?")
MISSING_IN_PARQUET = ("",)
"""Beside null, and NaN among numbers."""

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?([iI]nf(inity)?|INF)$"
_DECIMAL_COMMA = r"^[+-]?\d*,\d+([eE][+-]?\d+)?$"
_YEAR, _SHORT = r"[12]\d{3}", r"\d{1,2}"
_DATE = rf"^({_YEAR}[-/.]{_SHORT}[-/.]{_SHORT}|{_SHORT}[-/.]{_SHORT}[-/.]{_YEAR})([T ].*)?$"


def is_number(kind: pa.DataType) -> bool:
    """Whether values of a type are numbers."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def as_texts(column: pa.Array, missing_words: Sequence[str]) -> pa.Array:
    """A column as trimmed texts, null where a value is missing. Numbers that are whole have no point: 5.0 is ``5``."""
    if pa.types.is_integer(column.type):
        return pc.cast(column, pa.string())
    if is_number(column.type):
        return whole_names(column)
    texts = pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
    missing = pc.is_in(texts, value_set=pa.array(missing_words, pa.string()))
    return pc.if_else(missing, pa.scalar(None, pa.string()), texts)


def as_numbers(column: pa.Array, *, decimal_comma: bool) -> pa.Array:
    """A column of numbers or of trimmed texts as float64, null where a value is missing or no number."""
    if not pa.types.is_string(column.type):
        numbers = pc.cast(column, pa.float64(), safe=False)
        return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
    try:
        numbers = pc.cast(column, pa.float64())
        return pc.if_else(
            pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers
        )  # it takes NAN and -nan, too
    except pa.ArrowInvalid:
        pass  # some are no numbers: which?
    if decimal_comma:
        with_comma = pc.match_substring_regex(column, _DECIMAL_COMMA)
        column = pc.if_else(with_comma, pc.replace_substring(column, ",", "."), column)
    good = pc.match_substring_regex(column, _NUMBER)
    return pc.cast(pc.if_else(good, column, pa.scalar(None, pa.string())), pa.float64())


def whole_names(column: pa.Array) -> pa.Array:
    """Numbers as names of categories, ``1`` for 1.0 and 1 alike."""
    return pc.cast(as_numbers(column, decimal_comma=False), pa.string())


def dates(texts: pa.Array) -> int:
    """How many texts look like dates: 2026-11-28, 28.11.2026, with or without a time."""
    return int(pc.sum(pc.match_substring_regex(texts, _DATE)).as_py() or 0)
