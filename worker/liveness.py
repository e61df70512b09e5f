"""A sign of life of each of a worker's children, which its main process sees without asking anybody."""

import mmap
import os
import struct
from dataclasses import dataclass

_SLOT = struct.Struct("@QQ")
"""Process id, beats. ``pack_into`` writes zeros first: who reads in that moment sees a child at rest, and counts its
silence anew, which is right, since it beats."""


class LivenessTable:
    """Memory that a process shares with the children it forks: a place for each of them.

    Reading and writing it take no lock and no system call, and nobody can be held up by the other.
    """

    def __init__(self, children: int) -> None:
        self._memory = mmap.mmap(-1, children * _SLOT.size)
        self.children = children

    def of_child(self, index: int) -> "Liveness":
        """The place of the child with this number, counted from 0, in that child."""
        return Liveness(self._memory, (index % self.children) * _SLOT.size)

    def read(self) -> dict[int, int]:
        """The beats of each child that works, by its process id."""
        return {pid: beats for pid, beats in _SLOT.iter_unpack(self._memory[:]) if beats}


@dataclass(frozen=True)
class Liveness:
    """A child's place. It beats while the child works, and rests while it waits for work."""

    memory: mmap.mmap
    offset: int

    def beat(self) -> None:
        """Say that this process lives."""
        _, beats = _SLOT.unpack_from(self.memory, self.offset)
        _SLOT.pack_into(self.memory, self.offset, os.getpid(), beats + 1)

    def rest(self) -> None:
        """Say that this process has nothing to do, so that nobody expects a beat."""
        _SLOT.pack_into(self.memory, self.offset, os.getpid(), 0)


class SilentChildren:
    """Notices children whose pulse stands still.

    Time is counted in looks, not by a clock: when the whole worker was stopped for a while, everybody's pulse stood
    still, and nobody is to blame.
    """

    def __init__(self, liveness_table: LivenessTable, *, looks: float) -> None:
        self._liveness_table = liveness_table
        self._looks = looks
        self._seen: dict[int, tuple[int, int]] = {}

    def look(self) -> list[int]:
        """The process ids of the children whose pulse has stood still for more looks than are allowed."""
        before, self._seen = self._seen, {}
        for pid, beats in self._liveness_table.read().items():
            known, looks = before.get(pid, (beats, 0))
            self._seen[pid] = (beats, looks + 1 if beats == known else 0)
        return [pid for pid, (_, looks) in self._seen.items() if looks > self._looks]
