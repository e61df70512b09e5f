"""Which cores and devices a child of the worker trains on."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from worker.cgroups import PROC, control_groups

T = TypeVar("T")


def usable_cores() -> list[int]:
    """The numbers of the cores this process may run on; where the system does not tell, as many as there are."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def allowed_cores(proc: Path = PROC) -> int:
    """How many cores' worth of time this process gets: a container's quota can be less than the cores it sees."""
    return max(1, min([len(usable_cores()), *(int(quota) for quota in _quotas(proc))]))


def _quotas(proc: Path) -> Iterator[float]:
    """The quota of each control group on the way to this process, in cores."""
    for folder in control_groups("cpu", proc):
        with contextlib.suppress(OSError, ValueError):  # no such file, or "max": no quota
            quota, period = (folder / "cpu.max").read_text().split()
            yield int(quota) / int(period)
        with contextlib.suppress(OSError, ValueError):
            quota, period = (
                (folder / name).read_text() for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            )
            if int(quota) > 0:  # -1: no quota
                yield int(quota) / int(period)


def share(cores: list[int], children: int, index: int) -> list[int]:
    """The cores of child ``index`` of ``children``: neighbours, each core one child's, as even as it goes.

    With more children than cores they take turns on them.
    """
    return share_devices(cores, children, index) or [cores[index % len(cores)]]


def share_devices(devices: Sequence[T], children: int, index: int) -> list[T]:
    """The GPUs of child ``index`` of ``children``: neighbours, each device one child's.

    With more children than devices the first ones get one each and the others none: two jobs never share a device.
    """
    if children >= len(devices):
        return list(devices[index : index + 1])
    return list(devices[index * len(devices) // children : (index + 1) * len(devices) // children])
