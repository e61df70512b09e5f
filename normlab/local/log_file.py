"""The log of a process that runs beside us: a file that only its owner can read, and that does not grow without end."""

import contextlib
import os
import shutil
from pathlib import Path
from typing import BinaryIO

DEFAULT_LOG_BYTES = 10 * 2**20
TAIL_BYTES = 64 * 1024


class LogFile:
    """A log that is set aside, as ``NAME.log.1``, when it has grown to ``max_bytes``.

    Whoever writes keeps the file open for appending: what is set aside is a copy, and then the file is emptied. A line
    that is written in between, within microseconds, is lost.
    """

    def __init__(self, path: Path, max_bytes: int = DEFAULT_LOG_BYTES) -> None:
        self.path = path
        self.aside = path.with_name(f"{path.name}.1")
        self._max_bytes = max_bytes
        self._begin = 0
        self._begin_aside: int | None = None
        """Where the process that began last begins in what was set aside; None: nothing of it was."""

    def open(self) -> BinaryIO:
        """Open it for a process that begins: what that one writes is ``tail``'s."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.rotate()
        file = os.fdopen(
            os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600), "ab"
        )
        self._begin, self._begin_aside = self._size(), None
        return file

    def rotate(self) -> None:
        """Set it aside if it has grown to its limit; without room for a copy it is only emptied."""
        if self._size() < self._max_bytes:
            return
        try:
            opened = os.open(self.aside, os.O_WRONLY | os.O_TRUNC | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with self.path.open("rb") as log, os.fdopen(opened, "wb") as copy:
                shutil.copyfileobj(log, copy)
        except OSError:
            with contextlib.suppress(OSError):
                self.aside.unlink()
        with contextlib.suppress(OSError):
            os.truncate(self.path, 0)
            self._begin_aside, self._begin = self._begin, 0

    def tail(self, lines: int) -> str:
        """The last lines of the process that began last, empty when there are none."""
        content = self._read(self.path, self._begin)
        if self._begin_aside is not None and content.count(b"\n") < lines:
            content = self._read(self.aside, self._begin_aside) + content
        return "\n".join(content.decode(errors="replace").splitlines()[-lines:])

    @staticmethod
    def _read(path: Path, begin: int) -> bytes:
        try:
            with path.open("rb") as file:
                file.seek(max(begin, path.stat().st_size - TAIL_BYTES))
                return file.read()
        except OSError:
            return b""

    def _size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0
