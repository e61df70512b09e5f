"""A real PgBouncer for tests, in transaction mode: each transaction may get another session of the database."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from support.postgres import NOBODY, PARENT_DEATH, PostgresServer

PORT = 6432
"""Part of the socket's name; no port is opened."""
SESSIONS = 4
"""So few that transactions of different processes share each of them."""


class PgBouncer:
    """A pooler on a unix socket in a temporary folder, before all databases of a server."""

    def __init__(self, program: str, server: PostgresServer) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="normlab-pgbouncer-"))
        self._log = self._folder / "log"
        settings = self._folder / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n* = host={server.folder} user=postgres\n"
            f"[pgbouncer]\nlisten_addr =\nunix_socket_dir = {self._folder}\nlisten_port = {PORT}\n"
            f"auth_type = any\npool_mode = transaction\ndefault_pool_size = {SESSIONS}\nmax_client_conn = 200\n"
        )
        if os.geteuid() == 0:
            for path in (self._folder, settings):
                os.chown(path, NOBODY, NOBODY)
        prefix = [sys.executable, "-I", "-S", str(PARENT_DEATH), str(os.getpid()), str(NOBODY)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*prefix, program, str(settings)],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait()

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one of the server's databases, through the pooler."""
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}&port={PORT}"

    def close(self) -> None:
        """Stop it, cutting off its clients."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)
        shutil.rmtree(self._folder)

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(f"host={self._folder} port={PORT} user=postgres dbname=postgres").close()
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PgBouncer does not start: {self._log.read_text()}") from error
                time.sleep(0.02)
            else:
                return


def program() -> str:
    """Where PgBouncer is; Debian's package is installed where that is possible, else the test is skipped."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    found = shutil.which("pgbouncer", path=path)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get") is not None:
        subprocess.run(["apt-get", "-qq", "update"], check=False, timeout=120)
        subprocess.run(
            ["apt-get", "-qq", "install", "-y", "--no-install-recommends", "pgbouncer"],
            check=False,
            timeout=240,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )
        found = shutil.which("pgbouncer", path=path)
    if found is None:
        pytest.skip("no pgbouncer here, and none can be installed")
    return found
