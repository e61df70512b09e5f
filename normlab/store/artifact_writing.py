"""Writing one file of the artifact store, piece by piece, so that nothing is left of what is not finished."""

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem


@dataclass(frozen=True)
class Written:
    """A file in the artifact store: where below its root, its SHA-256 in hexadecimal, and its size in bytes."""

    path: str
    sha256: str
    bytes: int


class Writing:
    """A file that is being written. To be ended with ``finish`` or ``discard``; what it raises is the store's."""

    def __init__(self, files: AbstractFileSystem, target: str, path: str) -> None:
        self._files = files
        self._target = target
        self._path = path
        self._is_local = isinstance(files, LocalFileSystem)
        folder = target.rpartition("/")[0]
        self._changed = _folders_to_change(Path(folder)) if self._is_local else []
        self._digest, self._bytes = hashlib.sha256(), 0
        files.makedirs(folder, exist_ok=True)
        self._handle = files.open(target, "wb")

    def write(self, chunk: bytes | memoryview) -> None:
        """Append to it."""
        self._digest.update(chunk)
        self._bytes += self._handle.write(chunk)

    def finish(self) -> Written:
        """End it; when this returns, it survives a power cut."""
        if self._is_local:
            self._handle.flush()
            os.fsync(self._handle.fileno())
        self._handle.close()
        for entry_of in self._changed:
            _sync_folder(entry_of)
        return Written(self._path, self._digest.hexdigest(), self._bytes)

    def discard(self) -> None:
        """Leave nothing of it."""
        with contextlib.suppress(OSError):  # what could not be written is not written now either
            self._handle.close()
        with contextlib.suppress(FileNotFoundError):
            self._files.rm(self._target)


def _folders_to_change(folder: Path) -> list[Path]:
    """The folders that get a new entry when a file is put into this one, which may have to be made first."""
    changed = [folder]
    while not folder.exists():
        folder = folder.parent
        changed.append(folder)
    return changed


def _sync_folder(folder: Path) -> None:
    # A file's own fsync does not write its name, which is in the folder, to the disk.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
