"""What others notice while a long request is answered: how long they wait, and how long nobody can write."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event

import httpx
import numpy as np


class Repeated:
    """Something that a thread does over and over, and how long it takes each time."""

    def __init__(self, what: Callable[[], object], *, pause: float = 0.0) -> None:
        self._what = what
        self._pause = pause
        self.seconds: list[float] = []
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
        return 1000 * float(np.percentile(self.seconds, percentile))

    def _repeat(self) -> None:
        while not self._stopping.is_set():
            began = time.perf_counter()
            self._what()
            self.seconds.append(time.perf_counter() - began)
            time.sleep(self._pause)


class Asking:
    """GET of a path over one connection, with a millisecond between two, by a process of its own: whoever makes the
    long request and reads its answer holds up other threads of its process."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._seconds: list[float] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """While it is asked."""
        processes = get_context("spawn")
        ready, stopping, found = processes.Event(), processes.Event(), processes.SimpleQueue()
        process = processes.Process(target=_ask, args=(self._url, ready, stopping, found))
        process.start()
        ready.wait(60)
        try:
            yield
        finally:
            stopping.set()
            self._seconds = found.get()
            process.join()

    def milliseconds(self, percentile: float) -> float:
        """How long it took, at a percentile from 0 to 100."""
        return 1000 * float(np.percentile(self._seconds, percentile))


def _ask(url: str, ready: Event, stopping: Event, found: "SimpleQueue[list[float]]") -> None:
    with httpx.Client(timeout=120) as http:
        asked = Repeated(lambda: http.get(url).raise_for_status(), pause=0.001)
        with asked.running():
            ready.set()
            stopping.wait()
    found.put(asked.seconds)


def writing(path: str) -> Repeated:
    """Begin to write in a SQLite file, and leave it at that: its longest wait is how long somebody held the lock."""
    connection = sqlite3.connect(path, timeout=120, isolation_level=None, check_same_thread=False)

    def begin() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")

    return Repeated(begin, pause=0.0005)
