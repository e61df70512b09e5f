"""Ids that sort by the time they were made: a prefix and 26 letters of Crockford's base 32 (https://github.com/ulid/spec)."""

import re
import secrets
import threading
import time

from normlab.errors import NotFoundError
from normlab.spec.kinds import short

JOB_ID_PATTERN = r"job_[0-9a-z]{26}"
COMPARISON_ID_PATTERN = r"cmp_[0-9a-z]{26}"
MODEL_NAME_PATTERN = r"(?!job_)[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
"""A name like a job's id would be mistaken for one."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 26
_RANDOM_BITS = 80

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
    letters = (_ALPHABET[number >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))
    return f"{prefix}_{''.join(letters)}"


def possible_id(job_id: str) -> str:
    """The id itself if it has the form of one; else ``NotFoundError``."""
    # What cannot be an id never reaches the database, which would refuse some of it (NUL) in its own words.
    if not re.fullmatch(JOB_ID_PATTERN, job_id):
        raise NotFoundError(f"there is no job {short(job_id)!r}")
    return job_id
