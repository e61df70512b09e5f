"""CSV files, plain, gzipped, or several in a zip or tar: opened as pictures or as a table."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from normlab.training.datasets.readers.archive_members import Archive, Member
from normlab.training.datasets.readers.base import Notice, Reader, ReadingOptions
from normlab.training.datasets.readers.columns import part_of_name
from normlab.training.datasets.readers.csv_heads import has_header, is_csv, look_at, numbers_of
from normlab.training.datasets.readers.natural_order import natural_key
from normlab.training.datasets.readers.pixel_tables import PixelTableReader
from normlab.training.datasets.readers.table_files import TableFile, head_of, member_opener, opener_of
from normlab.training.datasets.readers.tables.recognition import are_pictures


def open_file(path: Path, options: ReadingOptions) -> Reader | None:
    """Open it where it is a CSV, plain or gzipped. Raises ``DatasetError``."""
    opener = opener_of(path)
    with closing(opener()) as file:
        if not is_csv(head_of(file)):
            return None
    return _reader([TableFile(path.name, None, opener)], options)


def open_members(archive: Archive, options: ReadingOptions) -> Reader | None:
    """A reader of the CSV files in an archive; None where there is none. Raises ``DatasetError``."""
    tables = [
        member
        for member in sorted(archive.members, key=lambda member: natural_key(member.name))
        if _is_table_name(member.name) and is_csv(_member_head(archive, member))
    ]
    if not tables:
        return None
    sources = [
        TableFile(member.name, part_of_name(member.name), member_opener(archive, member)) for member in tables
    ]
    in_parts = [source for source in sources if source.split is not None]
    others = tuple(source.name for source in sources if source.split is None)
    if not in_parts or not others:
        return _reader(sources, options, archive)
    detail = f"{others[0]} is called by no part as others are (train, test), and was passed over."
    passed = Notice("other_files", "warning", detail, len(others), others)
    return _reader(in_parts, options, archive, [passed])


def _reader(
    sources: Sequence[TableFile],
    options: ReadingOptions,
    archive: Archive | None = None,
    found: Sequence[Notice] = (),
) -> Reader:
    rows = look_at(sources[0]).rows
    header, named = has_header(rows)
    sample = numbers_of(rows[1:] if header else rows, len(rows[0]))
    if are_pictures(rows[0] if named else None, sample, options):
        return PixelTableReader(sources, options, archive, found)
    from normlab.training.datasets.readers.tables.csv_rows import open_rows  # noqa: PLC0415 - pyarrow takes tens of MiB
    from normlab.training.datasets.readers.tables.reader import TableReader  # noqa: PLC0415 - as above

    return TableReader(open_rows(sources, options, archive, found), options)


def _is_table_name(name: str) -> bool:
    return name.lower().removesuffix(".gz").endswith((".csv", ".tsv", ".txt", ".data"))


def _member_head(archive: Archive, member: Member) -> bytes:
    with closing(member_opener(archive, member)()) as file:
        return head_of(file)
