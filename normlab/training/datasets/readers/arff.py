"""ARFF, as OpenML has it: a header of attributes, then rows as in CSV; of pixels, or a table.

SciPy's reader gives float64 for all values of the whole file at once (eight times the pixels), and neither streams nor
says where an error is. So the header is read here, and the rows by what reads CSV.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from normlab.errors import DatasetError
from normlab.training.datasets.readers.arff_heads import ArffHead, in_order, is_arff, look_at, skip_header
from normlab.training.datasets.readers.base import CLASSES_AS_MET, Chunk, Notice, Reader, ReadingOptions
from normlab.training.datasets.readers.classes_met import ClassesMet
from normlab.training.datasets.readers.csv_blocks import CsvTable
from normlab.training.datasets.readers.pixel_columns import PixelColumns, understand
from normlab.training.datasets.readers.pixel_tables import block_chunks
from normlab.training.datasets.readers.table_files import Checked, TableFile, head_of, opener_of
from normlab.training.datasets.readers.tables.recognition import are_pictures


def open_file(path: Path, options: ReadingOptions) -> Reader | None:
    """Open it where it begins with a relation, plain or gzipped. Raises ``DatasetError``."""
    opener = opener_of(path)
    with closing(opener()) as file:
        if not is_arff(head_of(file)):
            return None
    head = look_at(TableFile(path.name, None, opener))
    if are_pictures(head.names, head.sample, _with_label(head, options)):
        return ArffReader(head, options)
    from normlab.training.datasets.readers.tables.arff_rows import ArffRows  # noqa: PLC0415 - pyarrow takes tens of MiB
    from normlab.training.datasets.readers.tables.reader import TableReader  # noqa: PLC0415 - as above

    return TableReader(ArffRows(head, options), options)


def _with_label(head: ArffHead, options: ReadingOptions) -> ReadingOptions:
    return replace(options, label_column=options.label_column or head.only_listed)


class ArffReader:
    """A table of pixels. Its header and first rows were looked at when it is made."""

    format = "arff"

    def __init__(self, head: ArffHead, options: ReadingOptions) -> None:
        source = head.source
        self._head = head
        self._source = source
        self._met = ClassesMet(options.limits)
        options = _with_label(head, options)
        columns = understand(head.names, head.sample, options, source.name)
        if columns is None:
            raise DatasetError(f"{source.name} has no attribute with the label: name it (label_column).")
        self._columns: PixelColumns = columns
        values = int(np.prod(columns.shape))
        if values > options.limits.max_values_per_sample:
            raise DatasetError(
                f"A row has {values} pixels, more than {options.limits.max_values_per_sample} (max_values_per_sample)."
            )
        self._classes = in_order(head.values.get(head.names[columns.label], ()))
        if len(self._classes) > options.limits.max_classes:
            raise DatasetError(
                f"{source.name} lists {len(self._classes)} classes, more than {options.limits.max_classes} "
                "(max_classes)."
            )
        self._numbers = {name: number for number, name in enumerate(self._classes)}

    @property
    def notices(self) -> list[Notice]:
        """What was met so far."""
        return [*self._columns.notices, *self._met.notices()]

    def chunks(self) -> Iterator[Chunk]:
        """All rows, once. Raises ``DatasetError`` with the row and the attribute."""
        columns = self._columns
        others = [place for place in (columns.split, columns.group, columns.time) if place is not None]
        parser = CsvTable(
            self._source.name,
            ",",
            self._head.names,
            columns.pixels,
            [columns.label, *others],
            quote=self._head.quote,
            comment="%",
        )
        with closing(self._source.open()) as file:
            lines = cast(BinaryIO, io.BufferedReader(Checked(file, self._source.name)))
            skip_header(lines, self._source.name)
            for block in parser.blocks(lines):
                yield from block_chunks(block, columns, self._labels, None, "")

    def _labels(self, texts: Sequence[str], origins: Sequence[str]) -> npt.NDArray[np.int32]:
        if not self._classes:
            return self._met.numbers(texts, origins)
        labels = []
        for text, origin in zip(texts, origins, strict=True):
            label = self._numbers.get(text.strip().strip("'\""))
            if label is None:
                raise DatasetError(f"{origin}: the label {text!r} is none of those that the header lists.")
            labels.append(label)
        return np.array(labels, np.int32)

    def classes(self) -> Sequence[str]:
        """Those that the header lists, or the labels as they were met."""
        return self._classes or self._met.names

    def extra(self) -> Mapping[str, Any]:
        """Whether classes are numbered as they were met."""
        return {} if self._classes else {CLASSES_AS_MET: True}
