"""What a report is made of, whatever it is written in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from normlab.analysis.charts.theme import Chart

NOTHING = "\N{EN DASH}"
"""What stands in a table's cell where there is no value."""


@dataclass(frozen=True)
class Heading:
    """The title of a section."""

    kind: ClassVar = "heading"
    text: str


@dataclass(frozen=True)
class Paragraph:
    """Plain text."""

    kind: ClassVar = "paragraph"
    text: str
    strong: bool = False
    """Whether it is one of the sentences that the report is about."""


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    kind: ClassVar = "bullets"
    items: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table."""

    kind: ClassVar = "table"
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def numeric(self) -> list[bool]:
        """For each column whether all of its cells look like numbers; such a column is set to the right."""
        return [
            bool(self.rows) and all(_is_number(row[column]) for row in self.rows)
            for column in range(len(self.head))
        ]


@dataclass(frozen=True)
class Figure:
    """A chart, and what it shows in words."""

    kind: ClassVar = "figure"
    chart: Chart
    description: str


Block = Heading | Paragraph | Bullets | Table | Figure


def _is_number(text: str) -> bool:
    try:
        float(text.removesuffix(" %").replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        return text == NOTHING
    return True
