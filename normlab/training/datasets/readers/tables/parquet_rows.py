"""Rows of Parquet files with the types that these say."""

import json
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from normlab.errors import DatasetError
from normlab.spec.shown import quoted
from normlab.training.datasets.readers.archive_members import Archive
from normlab.training.datasets.readers.base import Notice, ReadingOptions
from normlab.training.datasets.readers.parquet_shards import Shard, batches, opened
from normlab.training.datasets.readers.tables.headers import column_names
from normlab.training.datasets.readers.tables.source import Declared, RowBatch, SourceColumn
from normlab.training.datasets.readers.tables.target import named_target, unclear_target
from normlab.training.datasets.readers.tables.values import MISSING_IN_PARQUET, is_number

BATCH_VALUES = 1 << 18
"""Values of all columns that are read at once, …"""
BATCH_ROWS = 1 << 13
"""… in so many rows at most: texts may be long."""


class ParquetRows:
    """Shards with the same columns. Their schemas were looked at."""

    format = "parquet"
    missing_words = MISSING_IN_PARQUET
    decimal_comma = False
    class_names: Sequence[str] = ()
    labels: Mapping[str, int] = {}
    notices: Sequence[Notice] = ()

    def __init__(self, shards: Sequence[Shard], options: ReadingOptions, archive: Archive | None) -> None:
        """Raises ``DatasetError``."""
        self._shards = shards
        self._archive = archive
        self._names: list[str] = []
        for shard in shards:
            with opened(shard) as file:
                names = [str(name) for name in file.schema_arrow.names]
                if shard is shards[0]:
                    self._names = names
                    self.columns = _columns(file.schema_arrow, options, shard.name)
                elif names != self._names:
                    raise DatasetError(f"{shard.name} has other columns than {shards[0].name}.")
        shown = [column.name for column in self.columns]
        target = named_target(shown, options.label_column, has_names=True)
        if target is None:
            raise unclear_target(shown, shards[0].name)
        self.target = target

    @property
    def name(self) -> str:
        """Of the first shard."""
        return self._shards[0].name

    def batches(self) -> Iterator[RowBatch]:
        """All rows, in the order of the shards. Raises ``DatasetError`` where one is damaged."""
        rows = max(1, min(BATCH_ROWS, BATCH_VALUES // len(self._names)))
        for shard in self._shards:
            where = f"{shard.name}, " if len(self._shards) > 1 else ""
            first = 1
            with opened(shard) as file:
                for batch in batches(file, self._names, rows):
                    columns = [
                        column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
                        for column in batch.columns
                    ]
                    yield RowBatch(columns, first, where, shard.split)
                    first += batch.num_rows

    def close(self) -> None:
        """Nothing more is read."""
        if self._archive is not None:
            self._archive.close()


def _columns(schema: pa.Schema, options: ReadingOptions, table: str) -> list[SourceColumn]:
    if not len(schema):
        raise DatasetError(f"{table} has no columns.")
    names = column_names(schema.names, table)
    categories = _of_pandas(schema)
    columns = []
    for name, field in zip(names, schema, strict=True):
        declared = Declared.CATEGORY if field.name in categories else _declared(field.type)
        if declared is None and not _is_text(field.type) and name not in options.ignore_columns:
            raise DatasetError(
                f"{table}: the column {quoted(name)} holds {field.type}, which is neither a number nor a category: "
                "leave it out (ignore_columns)."
            )
        columns.append(SourceColumn(name, declared))
    return columns


def _of_pandas(schema: pa.Schema) -> set[str]:
    """The columns that were categorical in pandas. Parquet gives dictionaries of numbers back as numbers."""
    try:
        described = json.loads((schema.metadata or {})[b"pandas"])["columns"]
        return {str(column["name"]) for column in described if column["pandas_type"] == "categorical"}
    except (KeyError, TypeError, ValueError):
        return set()


def _declared(kind: pa.DataType) -> Declared | None:
    if pa.types.is_dictionary(kind) or pa.types.is_boolean(kind):
        return Declared.CATEGORY
    if is_number(kind):
        return Declared.NUMBER
    return Declared.DATE if pa.types.is_temporal(kind) else None


def _is_text(kind: pa.DataType) -> bool:
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    return any(is_text(kind) for is_text in texts)
