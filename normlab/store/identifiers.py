"""Ids that sort by the time they were made: a prefix and 26 letters of Crockford's base 32 (https://github.com/ulid/spec)."""

import re
import secrets
import threading
import time

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import InstrumentedAttribute

from normlab.documents.identifiers import COMPARISON_ID_PATTERN, JOB_ID_PATTERN
from normlab.errors import NotFoundError
from normlab.spec.shown import short

_possible = re.compile(JOB_ID_PATTERN).fullmatch
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


def is_part_of(
    column: ColumnElement[str] | InstrumentedAttribute[str], prefix: str, part: str
) -> ColumnElement[bool]:
    """Whether an id, which has this prefix, begins or ends with the part."""
    if part.startswith(f"{prefix}_"):
        return column.startswith(part, autoescape=True)
    return or_(column.startswith(f"{prefix}_{part}", autoescape=True), column.endswith(part, autoescape=True))


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
