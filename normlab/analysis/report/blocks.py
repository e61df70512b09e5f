"""What a report is made of, whatever it is written in."""

from collections.abc import Sequence
from dataclasses import dataclass

from normlab.analysis.charts.theme import Chart

NOTHING = "\N{EN DASH}"
"""What stands in a table's cell where there is no value."""


@dataclass(frozen=True)
class Heading:
    """The title of a section."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Plain text."""

    text: str
    strong: bool = False
    """Whether it is one of the sentences that the report is about."""


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table; a column of numbers is one whose cells all look like numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Figure:
    """A chart, and what it shows in words."""

    chart: Chart
    description: str


Block = Heading | Paragraph | Bullets | Table | Figure
