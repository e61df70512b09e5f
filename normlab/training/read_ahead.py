"""Has the system read the samples of the coming steps while the present ones are trained on.

Training takes samples in random order from a mapped file. Where all of it is in memory that costs nothing. Where it is
not, each step would wait for its samples, one page (4 KiB) after another; asked for beforehand, and in the order of the
file, a disk gives many at once. The system's own reading ahead is switched off meanwhile: around each page it reads
what may be megabytes, which random order does not want and which push out what it does. What is read, and so what is
learnt, is the same. Systems that cannot be asked (macOS) read as they will.
"""

import mmap
import os
import resource
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

AHEAD_BYTES = 128 << 20
"""So much is asked for at most, so that it is not pushed out again before it is used."""
SELDOM = 16
"""Where fewer than one of so many samples had to be waited for, nothing is read ahead."""


@dataclass(frozen=True)
class MappedRows:
    """Where in a file the rows of a mapped array are."""

    path: str
    start: int
    """Of row 0, in bytes."""
    row_bytes: int
    mapped: mmap.mmap | None = field(default=None, compare=False)
    """The mapping itself."""

    @classmethod
    def of(cls, x: npt.NDArray[Any]) -> "MappedRows | None":
        """Those of an array (n, *shape) that lies in a mapped file as it is; None: it does not, or nobody is asked."""
        if not hasattr(os, "posix_fadvise"):
            return None
        mapped = getattr(x, "_mmap", None)
        if not isinstance(x, np.memmap) or mapped is None or x.filename is None or not x.flags.c_contiguous:
            return None
        first = np.frombuffer(mapped, np.uint8, 1).ctypes.data
        mapped_from = x.offset - x.offset % mmap.ALLOCATIONGRANULARITY
        row_bytes = x.itemsize * int(np.prod(x.shape[1:], dtype=np.int64))
        return cls(os.fspath(x.filename), mapped_from + x.ctypes.data - first, row_bytes, mapped)

    def ranges(self, rows: npt.NDArray[np.integer[Any]]) -> list[tuple[int, int]]:
        """Beginnings and lengths in bytes of what holds these rows (k,): whole pages in the order of the file, those
        beside each other as one."""
        starts = self.start + np.unique(rows).astype(np.int64) * self.row_bytes
        first, behind = starts // mmap.PAGESIZE, -(-(starts + self.row_bytes) // mmap.PAGESIZE)
        begins = np.flatnonzero(np.append(True, first[1:] > behind[:-1]))
        ends = np.append(begins[1:], len(starts)) - 1
        pages = zip(first[begins].tolist(), behind[ends].tolist(), strict=True)
        return [(start * mmap.PAGESIZE, (stop - start) * mmap.PAGESIZE) for start, stop in pages]

    def read_alone(self, alone: bool) -> None:
        """Whether the system is to read the pages that are wanted alone, or also what stands around them."""
        if self.mapped is not None:
            self.mapped.madvise(mmap.MADV_RANDOM if alone else mmap.MADV_NORMAL)

    def ask_for(self, rows: npt.NDArray[np.integer[Any]]) -> None:
        """Have the system read these rows (k,). That may take as long as it has more to read than it takes at once."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            for start, length in self.ranges(rows):
                os.posix_fadvise(descriptor, start, length, os.POSIX_FADV_WILLNEED)
        finally:
            os.close(descriptor)


class ReadAhead:
    """Of one epoch: asks for rows in a thread of its own, once the process had to wait for pages."""

    def __init__(self, rows: MappedRows | None) -> None:
        """Without ``rows`` there is nothing to ask for."""
        self._rows = rows
        self._thread: ThreadPoolExecutor | None = None
        self._asked: list[Future[None]] = []
        self._faults = _waited_for()
        self._is_on = False

    def ask_for(self, rows: npt.NDArray[np.integer[Any]]) -> None:
        """Rows (k,) in the order in which they are wanted, when those before them begin to be trained on."""
        if self._rows is None:
            return
        faults = _waited_for()
        if not self._is_on and (faults - self._faults) * SELDOM > max(len(rows), 1):
            self._is_on = True
            self._rows.read_alone(True)
        self._faults = faults
        self._asked = [asked for asked in self._asked if not asked.done()]
        if not self._is_on or len(self._asked) > 1:  # the disk has enough to do
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "read-ahead")
        soon = rows[: max(1, AHEAD_BYTES // self._rows.row_bytes)]
        self._asked.append(self._thread.submit(self._rows.ask_for, soon))

    def close(self) -> None:
        """Ask for nothing more; what reads in order afterwards, such as an evaluation, is read ahead by the system."""
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
        if self._rows is not None and self._is_on:
            self._rows.read_alone(False)


def _waited_for() -> int:
    """How many pages this process has waited for, of any file."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt
