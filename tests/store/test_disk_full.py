"""Real databases and files that have no room left, and the one function that knows what they say."""

import errno
import os
import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from normlab.disk_full import is_disk_full


def test_sqlite_that_is_full_says_so(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "small.db")
    connection.execute("PRAGMA max_page_count = 2")
    connection.execute("CREATE TABLE t (x)")
    with pytest.raises(sqlite3.OperationalError) as raised:
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    connection.close()
    assert is_disk_full(raised.value)
    assert is_disk_full(OperationalError("INSERT", {}, raised.value))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_what_the_system_says_in_numbers_and_in_words(code: int) -> None:
    assert is_disk_full(OSError(code, "no room"))
    assert is_disk_full(RuntimeError(f"cannot write: {os.strerror(code)}"))
    assert is_disk_full(
        OSError(f"Can't write data (file write failed: errno = {code}, total write size = 1)")
    )
    wrapped = ValueError("cannot save")
    wrapped.__cause__ = OSError(code, "no room")
    assert is_disk_full(wrapped)


def test_postgres_says_it_with_its_code() -> None:
    assert is_disk_full(OperationalError("INSERT", {}, psycopg.errors.DiskFull("no room")))


@pytest.mark.parametrize(
    "error", [OSError(errno.EIO, "broken"), sqlite3.OperationalError("locked"), MemoryError()]
)
def test_other_errors_say_something_else(error: Exception) -> None:
    assert not is_disk_full(error)
