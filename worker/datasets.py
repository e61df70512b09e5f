"""In a worker's main process: has the datasets checked that were added, by a process beside the children."""

import contextlib
import os
import re
import shutil
import time
from pathlib import Path

from normlab.settings import Settings
from normlab.store import Database, is_unavailable
from normlab.store.datasets import checks, versions
from normlab.training.datasets.loading import DECODED
from worker.side_process import SideProcess

UNKNOWN_SECONDS = 3600.0
"""Decoded arrays that no version has are removed when they are so old: a check writes them before it ends."""


class DatasetChecker:
    """Starts the process when there is something to check; that ends when nothing is left."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._decoded = settings.datasets_dir / DECODED
        self._process = SideProcess("--check-datasets")
        self._seen: int | None = None

    def look(self) -> None:
        """Take back what a process held that died, and start one if it is wanted and none runs."""
        if self._process.is_running:
            return
        pid = self._process.pid
        if pid is not None and pid != self._seen:
            with self._database.write() as session:
                checks.lose_of(session, worker_name(pid))
            self._seen = pid
        with self._database.read() as session:
            wanted = checks.is_any_free(session)
        if wanted:
            self._process.start()

    def stop(self) -> None:
        """End it, and leave what it was checking to others."""
        running = self._process.is_running
        self._process.stop()
        pid = self._process.pid
        if not running or pid is None:
            return
        try:
            with self._database.write() as session:
                checks.put_back(session, worker_name(pid))
        except Exception as error:  # then its lease runs out
            if not is_unavailable(error):
                raise

    def remove_unknown(self) -> None:
        """Remove the decoded arrays of versions that were deleted."""
        with contextlib.suppress(FileNotFoundError):
            old = [folder for folder in self._decoded.iterdir() if _is_old_content(folder)]
            if not old:
                return
            with self._database.read() as session:
                known = versions.known_contents(session, [f"sha256:{folder.name}" for folder in old])
            for folder in old:
                if f"sha256:{folder.name}" not in known:
                    shutil.rmtree(folder, ignore_errors=True)


def _is_old_content(folder: Path) -> bool:
    if re.fullmatch(r"[0-9a-f]{64}", folder.name) is None:
        return False
    return time.time() - folder.stat().st_mtime > UNKNOWN_SECONDS


def worker_name(pid: int) -> str:
    """What rows name this machine's process by."""
    return f"{os.uname().nodename}/datasets/{pid}"
