"""Names that are nearly right: other case, other separators, a plural, a slip of the finger."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

from normlab.spec.shown import quoted, short

_CLOSE = 0.7
"""difflib's ratio from which a name is a slip and not another word."""


def squashed(name: str) -> str:
    """A name without case, separators and plural: what two spellings of one name have in common.

    >>> squashed("batchSizes") == squashed("batch-size") == squashed("Batch Size")
    True
    """
    return _squashed(short(name))


@lru_cache(maxsize=1024)
def _squashed(name: str) -> str:
    letters = re.sub(r"[^a-z0-9]", "", name.lower())
    return letters[:-1] if letters.endswith("s") and len(letters) > 3 else letters


def respelled(name: str, names: Iterable[str]) -> str | None:
    """The one of ``names`` that ``name`` is in another spelling."""
    return next((known for known in names if squashed(known) == squashed(name)), None)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of ``names`` that was probably meant.

    >>> nearest("adm", ["sgd", "adam"])
    'adam'
    """
    by_letters = {squashed(known): known for known in names}
    if squashed(name) in by_letters:
        return by_letters[squashed(name)]
    matches = get_close_matches(squashed(name), by_letters, n=1, cutoff=_CLOSE)
    return by_letters[matches[0]] if matches else None


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """`` (did you mean "x"?)`` when one of ``names`` is near ``name``, else nothing.

    >>> did_you_mean("Adm", ["sgd", "adam"])
    ' (did you mean "adam"?)'
    """
    match = nearest(name, names)
    return "" if match is None else f" (did you mean {quoted(match)}?)"
