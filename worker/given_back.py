"""Giving memory back to the system that this process holds and does not use."""

import contextlib
import ctypes
import re
from collections.abc import Iterator
from pathlib import Path

_MADV_DONTNEED = 4  # linux/mman.h
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)")


def give_back_heap() -> None:
    """What glibc keeps of freed memory: imports and compilations leave tens of MiB."""
    with contextlib.suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def give_back_libraries() -> None:
    """The pages of libraries that were read when they were loaded. What is used again comes back from the file."""
    try:
        madvise = ctypes.CDLL(None).madvise
        for start, end in _clean_mappings():
            madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_DONTNEED)
    except (AttributeError, OSError):  # not Linux
        return


def _clean_mappings() -> Iterator[tuple[int, int]]:
    """The addresses at which this process has files mapped that it may only read and has no page of its own of.

    Relocated pages are its own, even where they may only be read: their content is not in the file. By
    proc_pid_smaps(5).
    """
    mapping = None
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if found := _MAPPING.match(line):
            mapping = found if found[4].startswith("/") and "w" not in found[3] else None
        elif mapping is not None and line.split() == ["Anonymous:", "0", "kB"]:
            yield int(mapping[1], 16), int(mapping[2], 16)
