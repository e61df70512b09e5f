"""Rows of a table -> a batch in its decoded form, as a network on a table takes it: (n, columns) float32.

A number is as it is, a category its place among the column's, and what is missing NaN; a category that is none of the
column's is -1. What a row goes through then is in the network (``docs/networks.md``).
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.errors import InstancesError
from normlab.serving.arrays import as_float32
from normlab.serving.instances import instances_of, kind_of, max_values, pointer_step, refuse_too_many
from normlab.spec.columns import Column
from normlab.spec.nearest import did_you_mean
from normlab.spec.shown import listed, quoted, short, shown

UNKNOWN = -1.0
"""A category that is none of the column's."""
BY_NAMES = "rows by the names of columns take the route /predict of the job or the model"
_MANY = 8
"""So many names of columns stand in a sentence."""
_COMPARED = 1_000
"""With so many names of columns a name that is none is compared, which takes some microseconds each."""
_BOOLEANS = {"true", "false"}
"""As categories these stand for all ways to write them."""
_WHOLE = re.compile(r"[+-]?(0|[1-9][0-9]*)\.0*")
"""But not 007.0, which is a name."""
_LARGEST = float(np.finfo(np.float32).max)

Batch = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TableReader:
    """Reads rows of a table with these columns."""

    columns: tuple[Column, ...]
    target: str | None
    """What is predicted."""

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {column.name: place for place, column in enumerate(self.columns)}

    @cached_property
    def _categories(self) -> Sequence[Mapping[str, int] | None]:
        return [
            None if column.categories is None else {name: code for code, name in enumerate(column.categories)}
            for column in self.columns
        ]

    def read(self, body: bytes, max_instances: int) -> Batch:
        """The rows of a body ``{"instances": [...]}``: each an object by the names of columns, of which any may be left
        out or null, or a list of all values in their order; categories by their text.

        Raises :class:`InstancesError` with a pointer to what is wrong.
        """
        return self.rows_of(
            instances_of(body, max_values((2 * len(self.columns),), max_instances)), max_instances
        )

    def rows_of(self, instances: Any, max_instances: int, pointer: str = "/instances") -> Batch:
        """The same of instances that were read already; ``pointer`` says where they were."""
        if isinstance(instances, np.ndarray):
            instances = instances.tolist()
        if not isinstance(instances, list) or not instances:
            raise InstancesError(
                f"{pointer.rpartition('/')[2]} must be a list of rows, of one or more: {self._wanted}",
                pointer,
            )
        refuse_too_many(len(instances), max_instances, pointer)
        batch = np.full((len(instances), len(self.columns)), np.nan, np.float32)
        for number, instance in enumerate(instances):
            for place, value, name in self._values(instance, f"{pointer}/{number}"):
                if value is not None:
                    batch[number, place] = self._decoded(place, value, f"{pointer}/{number}/{name}")
        return batch

    def written(self, row: npt.NDArray[Any]) -> dict[str, str | float | None]:
        """A row in its decoded form by the names of columns, categories by their text; null what is missing, and a
        category that training has not met."""
        return {
            column.name: _written(value, column.categories)
            for column, value in zip(self.columns, row.astype(np.float32), strict=True)
        }

    def unknown(self, batch: Batch) -> list[list[str]]:
        """Of each row, the columns whose category is none that training has met."""
        places = [place for place, column in enumerate(self.columns) if column.categories is not None]
        return [[self.columns[place].name for place in places if row[place] == UNKNOWN] for row in batch]

    def _values(self, instance: Any, pointer: str) -> Iterator[tuple[int, Any, str]]:
        """Places, values, and how a pointer names them."""
        if isinstance(instance, list):
            if len(instance) != len(self.columns):
                raise InstancesError(
                    f"this row has {len(instance)} values instead of {len(self.columns)}: {self._wanted}",
                    pointer,
                )
            yield from ((place, value, str(place)) for place, value in enumerate(instance))
        elif isinstance(instance, dict) and instance:
            for name, value in instance.items():
                if name not in self._places:
                    raise InstancesError(self._no_column(name), f"{pointer}/{pointer_step(name)}")
                yield self._places[name], value, pointer_step(name)
        else:
            raise InstancesError(f"this is {kind_of(instance)}, and no row: {self._wanted}", pointer)

    def _decoded(self, place: int, value: Any, pointer: str) -> float:
        categories = self._categories[place]
        if isinstance(value, list | dict):
            raise InstancesError(f"{self._named(place)} has one value, not {kind_of(value)}", pointer)
        if isinstance(value, str) and not value.strip():
            return math.nan
        if categories is not None:
            texts = _texts_of(value, lower=categories.keys() <= _BOOLEANS)
            return next((categories[text] for text in texts if text in categories), UNKNOWN)
        number = _as_number(value)
        if number is None or not abs(number) <= _LARGEST:
            raise InstancesError(f"{self._named(place)} has numbers, not {shown(value)}", pointer)
        return number

    def _named(self, place: int) -> str:
        return quoted(short(self.columns[place].name))

    def _no_column(self, name: str) -> str:
        if name == self.target:
            return f"{quoted(short(name))} is what is predicted: leave it out"
        names = list(self._places)[:_COMPARED]
        some = f"; the columns are {listed(map(short, names))}" if len(self.columns) <= _MANY else ""
        return f"there is no column {quoted(short(name))}{did_you_mean(name, names)}{some}"

    @property
    def _wanted(self) -> str:
        first = self.columns[0]
        value = "1.5" if first.categories is None else quoted(first.categories[0])
        return (
            f"a row is an object by the names of columns, such as {{{quoted(first.name)}: {value}}}, or a list of all "
            f"{len(self.columns)} values in their order"
        )


def _written(value: np.float32, categories: Sequence[str] | None) -> str | float | None:
    if np.isnan(value) or (categories is not None and not 0 <= value < len(categories)):
        return None
    return float(str(value)) if categories is None else categories[int(value)]  # 1.4 rather than 1.39999998


def _texts_of(value: Any, *, lower: bool) -> tuple[str, ...]:
    """What a value may be called among categories: as it is, and a whole number without a point, as it is read from
    files, also where it came as a text (``1.0``, as pandas writes whole numbers beside missing ones)."""
    text = str(value).strip()
    if lower or isinstance(value, bool):
        text = text.lower()
    return (text, text.partition(".")[0].removeprefix("+")) if _WHOLE.fullmatch(text) else (text,)


def _as_number(value: Any) -> float | None:
    """A value as a number, also where it is written in quotes, as forms and CSV files have it."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    try:
        return None if "_" in value else float(value)  # 1_000 is a number to Python alone
    except ValueError:
        return None


def decoded_rows(values: Any, *, columns: int, max_instances: int, pointer: str = "/instances") -> Batch:
    """Rows that come in their decoded form, as lists of numbers, null where one is missing.

    Raises :class:`InstancesError` with ``pointer``.
    """
    rows = values.tolist() if isinstance(values, np.ndarray) else values
    if not isinstance(rows, list) or not rows:
        raise InstancesError("send a list of rows, one or more", pointer)
    refuse_too_many(len(rows), max_instances, pointer)
    for number, row in enumerate(rows):
        place = f"{pointer}/{number}"
        if not isinstance(row, list) or len(row) != columns:
            raise InstancesError(
                f"a row is a list of {columns} numbers, a category its place among its column's; {BY_NAMES}",
                place,
            )
        for index, value in enumerate(row):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise InstancesError(f"expected a number or null, found {kind_of(value)}", f"{place}/{index}")
    return as_float32(
        np.array([[math.nan if value is None else value for value in row] for row in rows]), pointer
    )
