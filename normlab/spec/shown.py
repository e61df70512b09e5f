"""Values that somebody sent, as error messages show them: in JSON's spelling, and short."""

import json
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
