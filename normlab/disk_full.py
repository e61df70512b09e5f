"""Whether an error says that a disk is full: the one place that knows the ways in which that is said."""

import errno
import os
import re
import sqlite3

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""The disk is full, a quota is used up, a file is as large as ``ulimit -f`` or the file system allows."""

# Exporters in C++ and HDF5 keep the number in their words only, or just the system's words for it.
_IN_WORDS = re.compile("|".join([*map(os.strerror, FULL), rf"errno = (?:{'|'.join(map(str, FULL))})\b"]))
_SQLSTATE = "53100"  # Postgres: disk_full


def is_disk_full(error: BaseException) -> bool:
    """Whether ``error``, or what it was raised from, means that there is no room left.

    Knows the numbers and words of the operating system, SQLite's and Postgres's codes.
    """
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if _says_so(cause):
            return True
        cause = cause.__cause__ or getattr(cause, "orig", None) or cause.__context__  # orig: SQLAlchemy's
    return False


def _says_so(error: BaseException) -> bool:
    if getattr(error, "errno", None) in FULL or getattr(error, "sqlstate", None) == _SQLSTATE:
        return True
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return bool(_IN_WORDS.search(str(error)))
