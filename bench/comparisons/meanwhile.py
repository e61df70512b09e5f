"""What others notice while a long request is answered: how long they wait, and how long nobody can write."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import numpy as np


class Repeated:
    """Something that a thread does over and over, and how long it takes each time."""

    def __init__(self, what: Callable[[], object], *, pause: float = 0.0) -> None:
        self._what = what
        self._pause = pause
        self._seconds: list[float] = []
        self._stopping = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """While it is done."""
        thread = threading.Thread(target=self._repeat)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join()

    def milliseconds(self, percentile: float) -> float:
        """How long it took, at a percentile from 0 to 100."""
        return 1000 * float(np.percentile(self._seconds, percentile))

    def _repeat(self) -> None:
        while not self._stopping.is_set():
            began = time.perf_counter()
            self._what()
            self._seconds.append(time.perf_counter() - began)
            time.sleep(self._pause)


def asking(url: str) -> Repeated:
    """GET a path over one connection, with a millisecond between two."""
    http = httpx.Client(timeout=120)
    return Repeated(lambda: http.get(url).raise_for_status(), pause=0.001)


def writing(path: str) -> Repeated:
    """Begin to write in a SQLite file, and leave it at that: its longest wait is how long somebody held the lock."""
    connection = sqlite3.connect(path, timeout=120, isolation_level=None, check_same_thread=False)

    def begin() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")

    return Repeated(begin, pause=0.0005)
