"""The order in which people number things: 2 before 10."""

import re

_NUMBER = re.compile(r"0*([0-9]+)")
_BEFORE_ALL_TEXT = 31


def natural_key(text: str) -> tuple[str, str]:
    """A key that sorts numbers inside texts by their value, and equal ones by the text itself.

    Two strings and no deeper, since there may be a key for each of a million files.
    """
    return _NUMBER.sub(_with_length, text), text


def _with_length(match: re.Match[str]) -> str:
    return f"{chr(min(len(match[1]), _BEFORE_ALL_TEXT))}{match[1]}"
