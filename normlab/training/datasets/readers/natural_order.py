"""The order in which people number things: 2 before 10."""

import re

_NUMBER = re.compile(r"0*(\d+)")


def natural_key(text: str) -> str:
    """A key by which texts are sorted with their numbers as numbers; one string, as there may be millions."""
    return _NUMBER.sub(_with_length, text)


def _with_length(match: re.Match[str]) -> str:
    digits = match[1]
    return f"{chr(min(len(digits), 31))}{digits}"
