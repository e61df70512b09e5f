"""Log files that grow, in the terminal."""

import contextlib
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console

LOOK_SECONDS = 0.2


class LogFollower:
    """Writes what is added to the ``*.log`` files of a folder, with the file's name before each line."""

    def __init__(self, folder: Path, console: Console) -> None:
        self._folder = folder
        self._console = console
        self._positions = {path: path.stat().st_size for path in folder.glob("*.log")}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="log-follower", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _follow(self) -> None:
        stopping = False
        while not stopping:
            stopping = self._stopping.wait(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Write what has been added since the last look."""
        for path in sorted(self._folder.glob("*.log")):
            self._write_news(path)

    def _write_news(self, path: Path) -> None:
        position = self._positions.get(path, 0)
        if path.stat().st_size < position:  # it was set aside, with what has not been shown of it
            with contextlib.suppress(FileNotFoundError):
                self._write_lines(path, path.with_name(f"{path.name}.1"), position)
            position = 0
        self._positions[path] = position + self._write_lines(path, path, position)

    def _write_lines(self, path: Path, source: Path, position: int) -> int:
        """Write the whole lines behind a position; how many bytes they are. The rest is left for the next look."""
        with source.open("rb") as file:
            file.seek(position)
            news = file.read()
        end = news.rfind(b"\n") + 1
        for line in news[:end].decode(errors="replace").splitlines():
            self._console.print(f"{path.stem:>10} | {line}", markup=False, soft_wrap=True)
        return end
