"""Ids that sort by the time they were made: a prefix and 26 letters of Crockford's base 32 (https://github.com/ulid/spec)."""

import re
import secrets
import threading
import time

from normlab.documents.identifiers import COMPARISON_ID_PATTERN, JOB_ID_PATTERN
from normlab.errors import NotFoundError
from normlab.spec.shown import short

_possible = re.compile(JOB_ID_PATTERN).fullmatch
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ID_LETTERS = 26
"""Of an id, behind its prefix."""
_RANDOM_BITS = 80
ID_END = 2
"""So many last letters of an id have a column of their own where lists look for ids by their end."""

_lock = threading.Lock()
_last = 0


def new_id(prefix: str) -> str:
    """``prefix_`` and 48 bits of milliseconds, 80 of chance; ids of one process sort in the order they were
    made.
    """
    global _last  # noqa: PLW0603 - two ids within a millisecond must still sort
    fresh = (time.time_ns() // 1_000_000 << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    with _lock:
        _last = number = max(fresh, _last + 1)
    letters = (_ALPHABET[number >> shift & 31] for shift in range(5 * (ID_LETTERS - 1), -1, -5))
    return f"{prefix}_{''.join(letters)}"


def possible_id(job_id: str) -> str:
    """The id itself if it has the form of one; else ``NotFoundError``."""
    # What cannot be an id never reaches the database, which would refuse some of it (NUL) in its own words.
    if re.fullmatch(COMPARISON_ID_PATTERN, job_id):
        raise NotFoundError(
            f"there is no job {job_id!r}: that is a comparison's id, look at /comparisons/{job_id}"
        )
    if not _possible(job_id):
        raise NotFoundError(f"there is no job {short(job_id)!r}")
    return job_id
