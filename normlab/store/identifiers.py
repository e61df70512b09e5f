"""Ids that sort by the time they were made: a prefix and 26 letters of Crockford's base 32 (https://github.com/ulid/spec)."""

import secrets
import threading
import time

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
