"""Log files that grow, in the terminal."""

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
            for path in sorted(self._folder.glob("*.log")):
                self._write_news(path)

    def _write_news(self, path: Path) -> None:
        position = self._positions.get(path, 0)
        if path.stat().st_size < position:  # a new file of the same name
            position = 0
        with path.open("rb") as file:
            file.seek(position)
            news = file.read()
        end = news.rfind(b"\n") + 1  # a line that is not whole yet is left for the next look
        self._positions[path] = position + end
        for line in news[:end].decode(errors="replace").splitlines():
            self._console.print(f"{path.stem:>10} | {line}", markup=False, soft_wrap=True)
