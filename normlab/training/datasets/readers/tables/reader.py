"""Rows of a table as chunks: one pass to see what its columns are, one to write them as numbers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from normlab.errors import DatasetError
from normlab.spec.columns import Column, ColumnKind, Task
from normlab.training.datasets.readers.base import (
    CLASSES_AS_MET,
    NOTHING_YET,
    Chunk,
    Notice,
    ReadingOptions,
    TableFacts,
)
from normlab.training.datasets.readers.classes_met import ClassesMet
from normlab.training.datasets.readers.columns import by_part, times_of
from normlab.training.datasets.readers.folder_layout import SPLITS
from normlab.training.datasets.readers.pixel_columns import SPLIT_NAMES
from normlab.training.datasets.readers.tables.kinds import Kinds, decide, is_boolean, rounded
from normlab.training.datasets.readers.tables.source import RowBatch, TableSource
from normlab.training.datasets.readers.tables.survey import ColumnSurvey, survey
from normlab.training.datasets.readers.tables.target import some, task_of
from normlab.training.datasets.readers.tables.values import as_numbers, as_texts, is_number, whole_names


class TableReader:
    """A table of numbers and categories."""

    def __init__(self, source: TableSource, options: ReadingOptions) -> None:
        """Raises ``DatasetError`` where an option names a column that is not there."""
        self.format = source.format
        self._source = source
        self._options = options
        self._names = [column.name for column in source.columns]
        self._split = self._place("split_column", options.split_column)
        self._group = self._place("group_column", options.group_column)
        self._time = self._place("time_column", options.time_column)
        ignored = {self._place("ignore_columns", name) for name in options.ignore_columns}
        for name in options.category_columns:
            self._place("category_columns", name)
        used = {source.target, self._split, self._group, self._time, *ignored}
        self._inputs = [place for place in range(len(self._names)) if place not in used]
        self._met = ClassesMet(options.limits)
        self._kinds: Kinds | None = None
        self._task = Task.CLASSIFICATION
        self._lower = False
        """Whether true and false are spelled in several ways in the target."""
        self._found: tuple[Notice, ...] = ()

    def _place(self, option: str, name: str | None) -> int | None:
        if name is None:
            return None
        if name not in self._names:
            raise DatasetError(
                f"{option}: {self._source.name} has no column {name!r}, but {some(self._names)}."
            )
        return self._names.index(name)

    @property
    def notices(self) -> list[Notice]:
        """What was met so far."""
        return [*self._source.notices, *self._found, *self._met.notices()]

    def chunks(self) -> Iterator[Chunk]:
        """All rows, once, in the order of the files. Raises ``DatasetError`` with the row and the column."""
        source = self._source
        try:
            surveys = [ColumnSurvey(source.columns[place]) for place in (*self._inputs, source.target)]
            for _ in survey(source, surveys, (*self._inputs, source.target)):
                self._refuse_too_many(surveys[-1].rows)
                yield NOTHING_YET
            if not surveys[-1].rows:
                raise DatasetError(f"{source.name} holds no rows.")
            spelled = set(surveys[-1].texts)
            self._lower = is_boolean(spelled) and len({text.lower() for text in spelled}) < len(spelled)
            self._task, told = task_of(surveys[-1], self._options.task, named=bool(source.class_names))
            self._find_split(surveys[:-1])
            inputs = [each for each in surveys[:-1] if each.name != self._split_name]
            self._inputs = [self._names.index(each.name) for each in inputs]
            self._kinds = decide(inputs, self._options.category_columns, source.name)
            if self._task is Task.REGRESSION:
                told = (*told, *rounded(surveys[-1:]))
            self._found = (*told, *self._kinds.notices)
            writers = [
                _Writer(column, inputs[place], source)
                for column, place in zip(self._kinds.columns, self._kinds.places, strict=True)
            ]
            places = [self._inputs[place] for place in self._kinds.places]
            for batch in source.batches():
                yield from self._chunks_of(batch, writers, places)
        finally:
            source.close()

    def _find_split(self, surveys: Sequence[ColumnSurvey]) -> None:
        """Take a column with a usual name for the part, where each of its values names one."""
        if self._split is None:
            usual = [each for each in surveys if each.name.lower() in SPLIT_NAMES and not each.missing]
            split = next(
                (each for each in usual if {text.lower() for text in each.texts} <= SPLITS.keys()), None
            )
            self._split = None if split is None else self._names.index(split.name)

    @property
    def _split_name(self) -> str | None:
        return None if self._split is None else self._names[self._split]

    def _refuse_too_many(self, rows: int) -> None:
        """Stop at a file that unpacks to too much in the first pass already. Raises ``DatasetError``."""
        limits = self._options.limits
        if rows > limits.max_samples:
            raise DatasetError(f"{self._source.name} has more than {limits.max_samples} rows (max_samples).")
        if rows * len(self._inputs) * np.dtype(np.float32).itemsize > limits.max_decoded_bytes:
            raise DatasetError(
                f"The decoded rows take more than {limits.max_decoded_bytes} bytes (max_decoded_bytes), which is so at "
                f"row {rows}."
            )

    def _chunks_of(
        self, batch: RowBatch, writers: Sequence["_Writer"], places: Sequence[int]
    ) -> Iterator[Chunk]:
        count = len(batch.columns[0])
        if not count:
            return
        x = np.empty((count, len(places)), np.float32)
        for column, (writer, place) in enumerate(zip(writers, places, strict=True)):
            x[:, column] = writer.written(batch.columns[place])
        origins = [batch.where(place) for place in range(count)]
        groups = None if self._group is None else self._texts(batch, self._group, origins)
        times = None if self._time is None else times_of(self._texts(batch, self._time, origins), origins)
        chunk = Chunk(x, self._targets(batch, origins), batch.split, origins, groups, times)
        if self._split is None:
            yield chunk
        else:
            yield from by_part(chunk, self._texts(batch, self._split, origins))

    def _targets(
        self, batch: RowBatch, origins: Sequence[str]
    ) -> npt.NDArray[np.int32] | npt.NDArray[np.float32]:
        source = self._source
        texts = self._texts(batch, source.target, origins)
        if self._task is Task.REGRESSION:
            numbers = as_numbers(pa.array(texts, pa.string()), decimal_comma=source.decimal_comma)
            return np.asarray(numbers.to_numpy(zero_copy_only=False), np.float32)
        if not source.class_names:
            return self._met.numbers([text.lower() for text in texts] if self._lower else texts, origins)
        labels = [source.labels.get(text, -1) for text in texts]
        if -1 in labels:
            row = labels.index(-1)
            raise DatasetError(
                f"{origins[row]}: the label {texts[row]!r} is none of those that the header lists: "
                f"{some(list(source.labels))}."
            )
        return np.array(labels, np.int32)

    def _texts(self, batch: RowBatch, place: int, origins: Sequence[str]) -> list[str]:
        """Values of a column that each row needs."""
        texts = as_texts(batch.columns[place], self._source.missing_words)
        if texts.null_count:
            row = pc.index(pc.is_null(texts), pa.scalar(True)).as_py()
            raise DatasetError(
                f"{origins[row]}, column {self._names[place]}: the value is missing, and each row needs one: write it, "
                "or leave the row out."
            )
        return [str(text) for text in texts.to_pylist()]

    def classes(self) -> Sequence[str]:
        """The labels' texts as they were met; none where a number is predicted."""
        return () if self._task is Task.REGRESSION else self._source.class_names or self._met.names

    def extra(self) -> Mapping[str, Any]:
        """Whether classes are numbered as they were met."""
        return {} if self._task is Task.REGRESSION or self._source.class_names else {CLASSES_AS_MET: True}

    def table(self) -> TableFacts:
        """The columns that are kept. Known when all chunks were taken."""
        if self._kinds is None:
            raise RuntimeError("the columns are not known before the rows were read")
        return TableFacts(self._kinds.columns, self._names[self._source.target], self._task)


class _Writer:
    """Writes the values of a column as float32."""

    def __init__(self, column: Column, met: ColumnSurvey, source: TableSource) -> None:
        self._column = column
        self._source = source
        self._categories = pa.array(column.categories or (), pa.string())
        self._lower = is_boolean(set(met.texts))
        self._whole = met.whole_numbers

    def written(self, values: pa.Array) -> npt.NDArray[Any]:
        """(rows,), NaN where one is missing."""
        if not is_number(values.type) or self._column.kind is ColumnKind.CATEGORY:
            values = as_texts(values, self._source.missing_words)
        if self._column.kind is ColumnKind.CATEGORY:
            values = pc.utf8_lower(values) if self._lower else whole_names(values) if self._whole else values
            found = pc.index_in(values, value_set=self._categories)
            return np.asarray(found.to_numpy(zero_copy_only=False), np.float32)
        numbers = as_numbers(values, decimal_comma=self._source.decimal_comma)
        return np.asarray(numbers.to_numpy(zero_copy_only=False), np.float32)
