"""A folder that only one owner at a time may use."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from normlab.errors import SetupError

# Processes of an owner that was killed need a moment to end; so long we wait for them.
PREDECESSOR_SECONDS = 3.0


class FolderLock:
    """A lock on a folder, kept by everybody who has inherited its file descriptor.

    Args:
        path: The lock's file; made when it is not there.
        refusal: What to say when somebody else has it; ``{owner}`` is what that one has written into the file.

    Raises:
        SetupError: Somebody else has it.
    """

    def __init__(self, path: Path, refusal: str) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + PREDECESSOR_SECONDS
        while not self._acquired():
            if time.monotonic() > deadline:
                owner = os.pread(self.descriptor, 1000, 0).decode(errors="replace") or "another process"
                os.close(self.descriptor)
                raise SetupError(refusal.format(owner=owner))
            time.sleep(0.05)

    def _acquired(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def write_owner(self, owner: str) -> None:
        """Say who has it, for the message that others get."""
        os.truncate(self.descriptor, 0)
        os.pwrite(self.descriptor, owner.encode(), 0)

    def close(self) -> None:
        """Give it up; it is free when everybody who inherited it has ended."""
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
