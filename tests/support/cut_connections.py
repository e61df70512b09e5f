"""A way to a Postgres that loses the answer to a COMMIT, as a network or a restarted server can."""

import contextlib
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from normlab.store import Database

SOCKET = ".s.PGSQL.5432"


class CutConnections:
    """Passes everything on, but for the answers to the commits that ``lose`` names."""

    def __init__(self, folder: Path, server: Path) -> None:
        self._server = server
        self._commits = 0
        self._lost: set[int] = set()
        self._counting = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / SOCKET))
        self._listener.listen()
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def lose(self, *commits: int) -> None:
        """Of the commits from now on, counted from 1, the connections break behind these."""
        with self._counting:
            self._commits, self._lost = 0, set(commits)

    def close(self) -> None:
        """Take no more connections, and wait for the end of those that are there."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()

    def _accept(self) -> None:
        serving = []
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                serving.append(threading.Thread(target=self._serve, args=[client]))
                serving[-1].start()
        for thread in serving:
            thread.join()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self._server / SOCKET))
            cut = threading.Event()
            answering = threading.Thread(target=_answer, args=[server, client, cut])
            answering.start()
            while said := _receive(client):
                if b"COMMIT\0" in said and self._is_lost():
                    cut.set()
                server.sendall(said)
            server.shutdown(socket.SHUT_WR)
            answering.join()

    def _is_lost(self) -> bool:
        with self._counting:
            self._commits += 1
            return self._commits in self._lost


@contextlib.contextmanager
def cut_connections(database: Database) -> Iterator[tuple[Database, CutConnections]]:
    """The same Postgres database over connections that can be cut."""
    with tempfile.TemporaryDirectory(prefix="normlab-cut-") as folder:
        way = CutConnections(Path(folder), Path(str(database.url.query["host"])))
        cuttable = Database(
            database.url.update_query_dict({"host": folder}).render_as_string(hide_password=False)
        )
        try:
            yield cuttable, way
        finally:
            cuttable.close()
            way.close()


def _answer(server: socket.socket, client: socket.socket, cut: threading.Event) -> None:
    while (answer := _receive(server)) and not cut.is_set():
        client.sendall(answer)
    with contextlib.suppress(OSError):  # the client was faster
        client.shutdown(socket.SHUT_RDWR)


def _receive(end: socket.socket) -> bytes:
    try:
        return end.recv(65536)
    except OSError:
        return b""
