"""The order in which people number things: 2 before 10."""

import re

_NUMBER = re.compile(r"0*([0-9]+)")
_LENGTHS = [chr(length) for length in range(32)]
"""Characters that come before all text; of longer numbers the digits decide."""


def natural_key(text: str) -> tuple[str, str]:
    """A key that sorts numbers inside texts by their value, and equal ones by the text itself.

    Two strings and no deeper, since there may be a key for each of a million files.
    """
    return _NUMBER.sub(_with_length, text), text


def _with_length(match: re.Match[str]) -> str:
    digits = match[1]
    return _LENGTHS[min(len(digits), 31)] + digits
