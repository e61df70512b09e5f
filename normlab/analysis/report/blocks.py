"""What a report is made of, whatever it is written in."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from normlab.analysis.charts.theme import Chart, Space

NOTHING = "\N{EN DASH}"
"""What stands in a table's cell where there is no value."""

_NUMBER = r"[+\N{MINUS SIGN}-]?[\d,]+(\.\d+)?( %)?"
_NUMBERS = re.compile(rf"(< )?{_NUMBER}( to {_NUMBER})?|\d+ of \d+( \({_NUMBER} to {_NUMBER}\))?|{NOTHING}")
"""A number, an interval, or a count."""


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
    style: Literal["plain", "decided", "undecided"] = "plain"
    """Verdicts stand out: those that decide something more than those that do not."""


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    kind: ClassVar = "bullets"
    items: Sequence[str]


@dataclass(frozen=True)
class Code:
    """What is to be typed or sent as it stands."""

    kind: ClassVar = "code"
    text: str


@dataclass(frozen=True)
class Table:
    """A table. The first cell of a row says what the row is about."""

    kind: ClassVar = "table"
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def numeric(self) -> list[bool]:
        """For each column whether all of its cells are numbers or intervals; such a column is set to the right."""
        return [
            bool(self.rows) and all(_NUMBERS.fullmatch(row[column]) for row in self.rows)
            for column in range(len(self.head))
        ]


@dataclass(frozen=True)
class Figure:
    """A chart for any room, and what it shows in words."""

    kind: ClassVar = "figure"
    draw: Callable[[Space], Chart]
    description: str


Block = Heading | Paragraph | Bullets | Code | Table | Figure
