"""Which cores and devices a child of the worker trains on."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores() -> list[int]:
    """The numbers of the cores this process may run on; where the system does not tell, as many as there are."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def allowed_cores(quota_file: Path = _CGROUP_QUOTA) -> int:
    """How many cores' worth of time this process gets: a container's quota can be less than the cores it sees."""
    cores = len(usable_cores())
    try:
        quota, period = quota_file.read_text().split()
        return max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):  # no cgroup, or "max": no quota
        return cores


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
