"""``metadata.csv`` and ``metadata.jsonl`` beside pictures, as Hugging Face has them: a row for each file.

``file_name`` is its path from the table's folder on; ``label`` its class, or the column that the options name.
https://huggingface.co/docs/datasets/image_dataset
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from normlab.errors import DatasetError
from normlab.training.datasets.readers.archive_members import Archive, Member
from normlab.training.datasets.readers.base import ReadingOptions

NAMES = ("metadata.csv", "metadata.jsonl")
MAX_BYTES = 256 << 20
"""Of one such table: it is held in memory."""
_FILE_NAMES = ("file_name", "filename", "file")
_LABELS = ("label", "labels", "class", "class_name", "target", "category")


@dataclass(frozen=True)
class Row:
    """What a table says of one picture."""

    label: str
    split: str | None
    group: str | None
    time: str | None


def is_table(member: Member) -> bool:
    """Whether a member is such a table, by its name."""
    return member.name.rsplit("/", 1)[-1].lower() in NAMES


def read_tables(archive: Archive, options: ReadingOptions) -> dict[str, Row]:
    """A row for each path in the archive; ``{}`` where there is no table.

    Raises:
        DatasetError: a table lacks a column or a value, or a picture is in two rows.
    """
    rows: dict[str, Row] = {}
    for member in filter(is_table, archive.members):
        folder = member.name.rpartition("/")[0]
        for place, record in _records(archive, member):
            name, row = _row(record, place, options)
            path = f"{folder}/{name}" if folder else name
            if path in rows:
                raise DatasetError(f"{place}: {path} is in a row before: leave one out.")
            rows[path] = row
    return rows


def _records(archive: Archive, member: Member) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if member.size > MAX_BYTES:
        raise DatasetError(f"{member.name} has {member.size} bytes, more than {MAX_BYTES} (MAX_BYTES).")
    try:
        text = archive.read(member).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{member.name} is not UTF-8 at byte {error.start}: store it as UTF-8.") from error
    if member.name.lower().endswith(".csv"):
        table = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        try:
            for record in table:
                yield f"{member.name}, line {table.line_num}", record
        except csv.Error as error:
            raise DatasetError(f"{member.name}, line {table.line_num}: {error}.") from error
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{member.name}, line {number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DatasetError(f"{place} is no JSON: {error}.") from error
        if not isinstance(record, dict):
            raise DatasetError(f"{place} is no object with file_name and label.")
        yield place, record


def _row(record: Mapping[str, Any], place: str, options: ReadingOptions) -> tuple[str, Row]:
    named = next((name for name in _FILE_NAMES if name in record), None)
    if named is None:
        raise DatasetError(f"{place} has no file_name, the picture's path from the table's folder on.")
    labelled = options.label_column or next((name for name in _LABELS if name in record), None)
    if labelled is None:
        raise DatasetError(f"{place} has no label: call the column label, or say which it is (label_column).")
    file_name = _text(record, named, place).replace("\\", "/").removeprefix("./")
    return file_name, Row(
        _text(record, labelled, place),
        _optional(record, options.split_column, place),
        _optional(record, options.group_column, place),
        _optional(record, options.time_column, place),
    )


def _optional(record: Mapping[str, Any], column: str | None, place: str) -> str | None:
    return None if column is None else _text(record, column, place)


def _text(record: Mapping[str, Any], column: str, place: str) -> str:
    value = record.get(column)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise DatasetError(f"{place} needs a text or a whole number as {column}.")
    return str(value)
