"""A memory for what was made of something that changes: each value is of one version, and no other is ever given."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Value = TypeVar("Value")


class VersionedCache(Generic[Value]):
    """Values by a key, one version of each. Those that were not used for longest go when all weigh more than ``most``.

    Threads may share it.
    """

    def __init__(self, most: int, weigh: Callable[[Value], int] = lambda _: 1) -> None:
        self._most = most
        self._weigh = weigh
        self._weight = 0
        self._values: OrderedDict[Hashable, tuple[Hashable, Value]] = OrderedDict()
        self._making: dict[Hashable, tuple[threading.Lock, int]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, version: Hashable) -> Value | None:
        """The value, if one of this version is kept."""
        with self._lock:
            kept, value = self._values.get(key, (None, None))
            if kept != version:
                return None
            self._values.move_to_end(key)
            return value

    def keep(self, key: Hashable, version: Hashable, value: Value) -> None:
        """Keep a value in place of the key's other versions; one that weighs more than all may is not kept."""
        with self._lock:
            self._drop(key)
            if self._weigh(value) > self._most:
                return
            self._values[key] = (version, value)
            self._weight += self._weigh(value)
            while self._weight > self._most:
                self._drop(next(iter(self._values)))

    @contextmanager
    def alone(self, key: Hashable) -> Iterator[None]:
        """So that threads that want the same value at once make it once: only one of them is inside for a key. Look
        again whether the value is there by now."""
        with self._lock:
            lock, threads = self._making.get(key, (threading.Lock(), 0))
            self._making[key] = (lock, threads + 1)
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, threads = self._making.pop(key)
                if threads > 1:
                    self._making[key] = (lock, threads - 1)

    def _drop(self, key: Hashable) -> None:
        dropped = self._values.pop(key, None)
        if dropped is not None:
            self._weight -= self._weigh(dropped[1])
