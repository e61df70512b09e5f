"""Rows of a table on their way to a network: from a CSV or JSON file, or a pandas frame."""

import csv
import io
import json
import math
import re
from pathlib import Path
from typing import Any

from normlab.errors import InstancesError
from normlab.spec.columns import MISSING_WORDS

ROW_FILES = (".csv", ".json")
"""Endings of files that hold rows."""
_DELIMITERS = ",;\t"
_DECIMAL_COMMA = re.compile(r"\s*[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?\s*")
"""What is a number where semicolons stand between values, as when a dataset is read."""


def rows_of_file(path: Path) -> list[Any]:
    """The rows of a file: CSV with the names of columns in its first line, in which ``MISSING_WORDS`` stand for missing
    values; or JSON, a list of rows or ``{"instances": [...]}``.

    Raises ``InstancesError``.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        return _of_csv(text, path.name) if path.suffix.lower() == ".csv" else _of_json(text, path.name)
    except OSError as error:
        raise InstancesError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InstancesError(f"{path} is no text in UTF-8.") from error


def rows_of_frame(frame: Any) -> list[dict[str, Any]]:
    """The rows of a pandas frame, by the names of its columns; its NaN are missing values."""
    return [
        {str(name): _plain(value) for name, value in record.items()}
        for record in frame.to_dict(orient="records")
    ]


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    value = value.item() if hasattr(value, "item") else value
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return None if value != value else str(value)  # noqa: PLR0124  (pandas' NaT and NA are no float)


def _of_csv(text: str, file: str) -> list[dict[str, str]]:
    header, _, _ = text.partition("\n")
    delimiter = max(_DELIMITERS, key=re.sub(r'"[^"]*"', "", header).count)
    lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if line]
    if len(lines) < 2:
        raise InstancesError(f"{file} has no rows: the first line should name the columns, and rows follow.")
    names, *rows = lines
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise InstancesError(
                f"row {number} of {file} has {len(row)} values, and its first line {len(names)} names."
            )
    if delimiter == ";":
        rows = [
            [value.replace(",", ".") if _DECIMAL_COMMA.fullmatch(value) else value for value in row]
            for row in rows
        ]
    return [
        {key: value for key, value in zip(names, row, strict=True) if value.strip() not in MISSING_WORDS}
        for row in rows
    ]


def _of_json(text: str, name: str) -> list[Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InstancesError(f"{name} is no JSON: {error}.") from error
    rows = document.get("instances") if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise InstancesError(f'{name} should be a list of rows, or {{"instances": [...]}}.')
    return rows
