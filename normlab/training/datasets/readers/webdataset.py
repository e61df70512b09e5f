"""WebDataset: samples are files with one name and several endings, ``000123.png`` and ``000123.cls``.

The label is the number or text in ``.cls``, or ``label`` in ``.json``. https://github.com/webdataset/webdataset
"""

import json
from collections.abc import Mapping
from typing import Any

from normlab.errors import DatasetError
from normlab.training.datasets.readers.archive_members import Archive, Member
from normlab.training.datasets.readers.base import ReadingOptions
from normlab.training.datasets.readers.folder_metadata import Row
from normlab.training.datasets.readers.folders import IMAGE_ENDINGS, FolderReader

MAX_LABEL_BYTES = 1 << 20
"""Of one ``.cls`` or ``.json``."""
_PICTURES = tuple(ending.removeprefix(".") for ending in IMAGE_ENDINGS)
_LABELS = ("label", "cls", "class", "class_name", "target")


def open_members(archive: Archive, options: ReadingOptions) -> FolderReader | None:
    """A reader where pictures have labels beside them under their names. Raises ``DatasetError``."""
    labels: dict[str, Member] = {}
    keys = set()
    for member in archive.members:
        key, ending = _split(member.name)
        if ending == "cls" or (ending == "json" and key not in labels):
            labels[key] = member
        elif ending.endswith(_PICTURES):
            keys.add(key)
    if not keys or not keys & labels.keys():
        return None
    rows = {}
    for member in archive.members:
        key, ending = _split(member.name)
        if ending.endswith(_PICTURES):
            if key not in labels:
                raise DatasetError(f"{member.name} has no label beside it: add {key}.cls with its class.")
            rows[member.name] = _row(archive, labels[key], options)
    return FolderReader(
        archive, options, rows=rows, kind="webdataset", beside={each.name for each in labels.values()}
    )


def _split(path: str) -> tuple[str, str]:
    """The sample's key and the ending; a key ends at the first dot of the last part of the path."""
    folder, slash, name = path.rpartition("/")
    key, _, ending = name.partition(".")
    return folder + slash + key, ending.lower()


def _row(archive: Archive, member: Member, options: ReadingOptions) -> Row:
    if member.size > MAX_LABEL_BYTES:
        raise DatasetError(f"{member.name} has {member.size} bytes: a label has at most {MAX_LABEL_BYTES}.")
    try:
        text = archive.read(member).decode().strip()
        if _split(member.name)[1] == "cls":
            record: Mapping[str, Any] = {"label": text}
        else:
            record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{member.name} is no label: {error}.") from error
    wanted = options.label_column or next(
        (name for name in _LABELS if isinstance(record, dict) and name in record), ""
    )
    label = record.get(wanted) if isinstance(record, dict) else None
    if isinstance(label, bool) or not isinstance(label, str | int) or label == "":
        raise DatasetError(f"{member.name} needs a text or a whole number as label.")
    columns = (options.split_column, options.group_column, options.time_column)
    return Row(str(label), *(None if name is None else _text(record, name, member) for name in columns))


def _text(record: Mapping[str, Any], column: str, member: Member) -> str:
    if column not in record:
        raise DatasetError(f"{member.name} has no {column!r}.")
    return str(record[column])
