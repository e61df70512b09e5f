"""Samples of a mapped file are asked for before they are trained on; what is learnt stays the same."""

import ctypes
import mmap
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from normlab.spec import JobSpec
from normlab.training import read_ahead, train
from normlab.training.read_ahead import MappedRows, ReadAhead
from support.workers import wait_until

ROWS, WIDTH = 3000, 1500


@pytest.fixture
def mapped(tmp_path: Path) -> np.memmap:
    x = np.random.default_rng(1).integers(0, 256, (ROWS, WIDTH), dtype=np.uint8)
    np.save(tmp_path / "x.npy", x)
    with (tmp_path / "x.npy").open("rb") as file:
        os.fsync(file.fileno())
    return np.load(tmp_path / "x.npy", mmap_mode="c")


def test_rows_are_where_the_file_has_them(mapped: np.memmap) -> None:
    for rows in (mapped, mapped[700:], mapped[700:].view()):
        found = MappedRows.of(rows)
        assert found is not None
        content = Path(found.path).read_bytes()[found.start + 5 * found.row_bytes :][: found.row_bytes]
        assert content == rows[5].tobytes()
    for other in (np.zeros((3, 4)), np.asarray(mapped), mapped[:, ::2], mapped.copy()):
        assert MappedRows.of(other) is None


def test_whole_pages_of_neighbours_are_one_range() -> None:
    rows = MappedRows("x", 128, 1000)
    assert rows.ranges(np.array([0])) == [(0, 4096)]
    assert rows.ranges(np.array([3, 2, 2, 4])) == [(0, 8192)]
    assert rows.ranges(np.array([100, 0])) == [(0, 4096), (24 * 4096, 4096)]
    assert rows.ranges(np.arange(50)) == [(0, 13 * 4096)]


def resident(rows: np.memmap) -> np.ndarray:
    """Which pages of a mapped file are in memory."""
    pages = -(-rows._mmap.size() // mmap.PAGESIZE)
    states = (ctypes.c_ubyte * pages)()
    start = ctypes.c_void_p(np.frombuffer(rows._mmap, np.uint8, 1).ctypes.data)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.mincore(start, ctypes.c_size_t(rows._mmap.size()), states) == 0
    return np.frombuffer(states, np.uint8) & 1


def test_what_is_asked_for_is_read(mapped: np.memmap, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = MappedRows.of(mapped)
    assert rows is not None
    with Path(rows.path).open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if resident(mapped).any():
        pytest.skip("this file system keeps its files in memory")
    wanted = np.arange(0, ROWS, 100)
    faults = iter([0, 0, len(wanted)])
    monkeypatch.setattr(read_ahead, "_waited_for", lambda: next(faults))
    ahead = ReadAhead(rows)
    ahead.ask_for(wanted)
    ahead.close()
    assert not resident(mapped).any(), "nothing had to be waited for"
    ahead.ask_for(wanted)
    (asked,) = ahead._asked
    ahead.close()
    assert asked.exception() is None
    pages = np.concatenate([
        np.arange(start, start + length, mmap.PAGESIZE) // mmap.PAGESIZE
        for start, length in rows.ranges(wanted)
    ])  # fmt: skip
    assert wait_until(lambda: bool(resident(mapped)[pages].all()))


def test_no_bit_changes(make_spec: Callable[..., JobSpec], monkeypatch: pytest.MonkeyPatch) -> None:
    spec = make_spec(training={"epochs": 2, "batch_size": 32})
    plain = train(spec)
    asked: list[int] = []
    monkeypatch.setattr(MappedRows, "ask_for", lambda _, rows: asked.append(len(rows)))
    faults = iter(range(0, 10**9, 10**6))
    monkeypatch.setattr(read_ahead, "_waited_for", lambda: next(faults))
    ahead = train(spec)
    assert ahead.digests == plain.digests
    assert sum(asked) > 0
    monkeypatch.setattr(read_ahead, "AHEAD_BYTES", 640)
    asked.clear()
    train(spec)
    assert max(asked) == 10
