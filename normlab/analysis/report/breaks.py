"""Where a line may end: never between a number and its unit, and inside a long name only where it can be."""

import re

from markupsafe import Markup, escape

_NO_BREAK = "\N{NO-BREAK SPACE}"
_UNITS = "%|percentage|points?|s|ms|pairs?|seeds?|epochs?|runs?|samples?|cores?|arms?|jobs?|more|to"
_BEFORE_UNIT = re.compile(rf"(?<=\d) (?=(?:{_UNITS})\b|%)")
_PLACES = re.compile(r"(?<=[_/])(?=\w)")


def unbroken(text: str) -> str:
    """The text with no-break spaces between numbers and what belongs to them."""
    return re.sub(rf"(?<=\d{_NO_BREAK}to) (?=\S)", _NO_BREAK, _BEFORE_UNIT.sub(_NO_BREAK, text))


def breakable(text: str) -> Markup:
    """HTML of a text whose long words may be broken at underscores and slashes."""
    return Markup("<wbr>").join(escape(part) for part in _PLACES.split(text))
