"""What makes a child too large: how much memory a worker may use, how many children fit, and each child's share.

The rule, in bytes::

    allowed  = the smallest of: the machine's memory,
               memory.max and memory.high (control groups, version 2) or memory.limit_in_bytes (version 1)
               of each group from the root to the worker's own (containers, systemd, batch systems),
               SLURM_MEM_PER_NODE, SLURM_MEM_PER_CPU x SLURM_CPUS_ON_NODE
    reserved = max(allowed / 10, 512 MiB)
    children = NORMLAB_WORKER_PROCESSES, else (allowed - reserved) // needed, at least 1 and at most one a core
    needed   = NORMLAB_CHILD_MEMORY_BYTES, else 1 GiB
    share    = NORMLAB_CHILD_MEMORY_BYTES, else (allowed - reserved) // children

A child is too large when its own memory (what is resident and not shared with other processes) is above its share, or
when it nears what ``ulimit -v`` or ``ulimit -d`` allows each process. The main process computes the share once; its
children inherit it.
"""

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from worker.cgroups import PROC, control_groups

RESERVED_SHARE = 0.1
RESERVED_BYTES = 512 * 2**20
"""For TensorFlow's libraries, which all children share (400 MiB), the main process, and what runs beside the worker."""

MIN_CHILD_BYTES = 2**30
"""What a child needs for ordinary jobs: of its own it has 250 MiB after TensorFlow's import, 600 MiB at most in jobs of
the presets and of a small convolutional network on Fashion-MNIST, 760 MiB after one job of each of 13 kinds."""

_MIB = 2**20
_SLURM_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Allowed:
    """What all of a worker may use."""

    bytes: int
    source: str
    """Who says so."""


@dataclass(frozen=True)
class MemoryPlan:
    """How many children a worker has, and what each of them may use."""

    children: int
    child_bytes: int
    allowed: Allowed
    cores: int
    chosen: bool
    """Whether an operator set the number of children."""

    def __str__(self) -> str:
        one_each = "one for each core" if self.children == self.cores else f"for {self.cores} cores"
        children = "1 child" if self.children == 1 else f"{self.children} children"
        return (
            f"{children}, {one_each}; each may use {self.child_bytes // _MIB} MiB "
            f"of the {self.allowed.bytes // _MIB} MiB that {self.allowed.source} allows"
        )

    @property
    def too_small(self) -> bool:
        """Whether ordinary jobs may fail as ``out_of_memory``."""
        return self.child_bytes < MIN_CHILD_BYTES

    def log(self) -> None:
        """Say it, and which settings change it; a warning where memory and not the cores decided."""
        if self.too_small:
            _logger.warning(
                "%s: ordinary jobs need up to %d MiB and may fail as out_of_memory; give it more memory, or fewer "
                "children with NORMLAB_WORKER_PROCESSES",
                self,
                MIN_CHILD_BYTES // _MIB,
            )
        elif self.children < self.cores and not self.chosen:
            _logger.warning(
                "%s: more would not have the memory they need; NORMLAB_WORKER_PROCESSES and "
                "NORMLAB_CHILD_MEMORY_BYTES decide otherwise",
                self,
            )
        else:
            _logger.info("%s; NORMLAB_CHILD_MEMORY_BYTES sets another limit", self)


def plan_memory(
    allowed: Allowed, cores: int, *, processes: int | None = None, child_bytes: int | None = None
) -> MemoryPlan:
    """Apply the rule at the top of this file.

    Args:
        allowed: What all of the worker may use.
        cores: How many cores it has.
        processes: ``NORMLAB_WORKER_PROCESSES``.
        child_bytes: ``NORMLAB_CHILD_MEMORY_BYTES``.
    """
    usable = allowed.bytes - max(int(allowed.bytes * RESERVED_SHARE), RESERVED_BYTES)
    children = processes or min(cores, max(1, usable // (child_bytes or MIN_CHILD_BYTES)))
    # Of a machine that has next to nothing a child still gets something: it is refused its jobs, and says why.
    share = child_bytes or max(usable, allowed.bytes // 4) // children
    return MemoryPlan(children, share, allowed, cores, chosen=processes is not None)


def allowed_memory(environment: Mapping[str, str] = os.environ, proc: Path = PROC) -> Allowed:
    """What this machine, its control groups and its batch system let a worker use."""
    limits = [Allowed(psutil.virtual_memory().total, "this machine")]
    limits.extend(_control_group_limits(proc))
    limits.extend(_slurm_limits(environment))
    return min(limits, key=lambda limit: limit.bytes)


def _control_group_limits(proc: Path) -> Iterator[Allowed]:
    for folder in control_groups("memory", proc):
        for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
            with contextlib.suppress(OSError, ValueError):  # no such file, or "max": no limit
                yield Allowed(int((folder / name).read_text()), f"the control group {folder}")


def _slurm_limits(environment: Mapping[str, str]) -> Iterator[Allowed]:
    per_node = _slurm_bytes(environment.get("SLURM_MEM_PER_NODE", ""))
    if per_node:
        yield Allowed(per_node, "SLURM_MEM_PER_NODE")
    per_cpu = _slurm_bytes(environment.get("SLURM_MEM_PER_CPU", ""))
    cpus = environment.get("SLURM_CPUS_ON_NODE", "")
    if per_cpu and cpus.isdecimal() and int(cpus):
        yield Allowed(per_cpu * int(cpus), "SLURM_MEM_PER_CPU")


def _slurm_bytes(value: str) -> int:
    """Slurm counts in MiB unless a letter says otherwise; 0 (also for what is not a number) is no limit."""
    number, unit = (value[:-1], value[-1:].upper()) if value[-1:].isalpha() else (value, "M")
    return int(number) * _SLURM_UNITS.get(unit, 0) if number.isdecimal() else 0
