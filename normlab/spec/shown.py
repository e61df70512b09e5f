"""Values that somebody sent, as error messages show them: in JSON's spelling, and short."""

import json
import math
from collections.abc import Iterable

_MAX_SHOWN = 60
_MAX_SHOWN_ITEMS = 8
_MAX_CHARACTERS = 100
"""More than any name has."""


def short(name: str) -> str:
    """A name that somebody sent, cut where it is longer than names are."""
    return name if len(name) <= _MAX_CHARACTERS else f"{name[: _MAX_CHARACTERS - 1]}…"


def quoted(name: str) -> str:
    """A name that somebody sent as a JSON string, cut where it is longer than names are.

    >>> quoted("Relu")
    '"Relu"'
    """
    return _as_json(short(name))


def shown(value: object) -> str:
    """A value as JSON, shortened; long ones are cut before they are written out.

    >>> shown(True), shown(None), shown(float("nan")), shown([1] * 100)
    ('true', 'null', 'NaN', 'a list of 100')
    """
    if isinstance(value, list | tuple | dict) and len(value) > _MAX_SHOWN_ITEMS:
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = _as_json(value[:_MAX_SHOWN] if isinstance(value, str) else value)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}…"


def to_four_figures(value: float, *, sign: bool = False) -> str:
    """A number of any size as people write it.

    >>> to_four_figures(2993.654), to_four_figures(-0.0123456), to_four_figures(1234567.0, sign=True)
    ('2,994', '-0.01235', '+1,234,567')
    """
    form = "+" if sign else ""
    if value == 0 or not math.isfinite(value):
        return f"{value:{form}.4f}"
    digits = 3 - math.floor(math.log10(abs(value)))
    return f"{value:{form}.3e}" if digits > 9 else f"{value:{form},.{max(digits, 0)}f}"


def _as_json(value: object) -> str:
    """JSON that shows every character, those that are not seen by their numbers."""
    text = json.dumps(value, ensure_ascii=False, skipkeys=True, default=str)
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)


def listed(names: Iterable[str], last: str = "and") -> str:
    """Names in a row.

    >>> listed(["sgd", "adam", "rmsprop"], "or")
    'sgd, adam or rmsprop'
    """
    *others, end = names
    return f"{', '.join(others)} {last} {end}" if others else end
