"""Writing files so that nobody ever sees half of one, and saying plainly why a folder cannot be written."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from normlab.disk_full import FULL
from normlab.errors import DatasetError

_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST})


def is_disk_problem(error: OSError) -> bool:
    """Whether this says that a folder is full or cannot be written (and not that the network failed)."""
    return error.errno in FULL | _FORBIDDEN


def unwritable(folder: Path, error: OSError) -> DatasetError:
    """The error's sentence for the operator."""
    if error.errno in FULL:
        return DatasetError(
            f"There is no room left for the dataset in {folder} ({error.strerror}): free some space."
        )
    return DatasetError(
        f"The dataset cannot be kept in {folder} ({error.strerror}): it must be a folder that can be written."
    )


def write_durably(path: Path, content: bytes | memoryview) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def publish(finished: Path, target: Path) -> None:
    """Move a finished file or folder to its final name, in one step that outlives a power cut."""
    finished.replace(target)
    descriptor = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def one_process_at_a_time(lock: Path) -> Iterator[None]:
    """Hold a lock among the processes of this machine; the system frees it when its holder dies."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
