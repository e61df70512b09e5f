"""A folder that only one owner at a time may use."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import filelock

from normlab.errors import SetupError

PREDECESSOR_SECONDS = 3.0
"""How long to wait for the processes of a killed owner, which need a moment to end."""


class FolderLock:
    """A lock on a folder, kept by every process that inherits its file descriptor.

    Not ``filelock.FileLock``: its release unlocks, also for those that inherited the descriptor. Here it is the last
    close that unlocks, so the folder is free when the owner and all that it started have ended, however they ended.

    Args:
        path: The lock's file; made when it is not there.
        refusal: Makes the error's sentence from what the process that has the lock has written into the file.

    Raises:
        SetupError: Another process has the lock, or the file system of the folder has no locks.
    """

    def __init__(self, path: Path, refusal: Callable[[str], str]) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._acquire(path, refusal)
        except BaseException:
            os.close(self.descriptor)
            raise

    def _acquire(self, path: Path, refusal: Callable[[str], str]) -> None:
        deadline = time.monotonic() + PREDECESSOR_SECONDS
        while not self._is_acquired(path):
            if time.monotonic() > deadline:
                owner = os.pread(self.descriptor, 1000, 0).decode(errors="replace") or "another process"
                raise SetupError(refusal(owner))
            time.sleep(0.05)

    def _is_acquired(self, path: Path) -> bool:
        try:
            return filelock.lock_descriptor(self.descriptor, blocking=False)
        except OSError as error:
            raise SetupError(
                f"The folder {path.parent} cannot be locked ({error.strerror}): its file system has no locks. "
                "Choose a folder on another one."
            ) from error

    def write_owner(self, owner: str) -> None:
        """Say who has it, for the message that others get."""
        os.truncate(self.descriptor, 0)
        os.pwrite(self.descriptor, owner.encode(), 0)

    def close(self) -> None:
        """Give it up; it is free when every process that inherited it has ended."""
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
