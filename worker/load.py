"""How busy the machine was while a network trained: kept with the job, since seconds mean little without it.

It is read from Linux's counters in /proc; what a system does not tell is None. It never decides anything about a job.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from normlab.spec.runs import Phase
from normlab.training.context import Progress, Report

Load = dict[str, float | None]

_PROC = Path("/proc")

_MIN_SECONDS = 0.5
"""In less, a single wait of some milliseconds would weigh too much, and /proc/stat counts in hundredths of a second."""


@dataclass(frozen=True)
class _Counters:
    """Seconds since some time in the past."""

    at: float
    ran: float
    """In which threads of this process ran."""
    waited: float | None
    """In which they could have run, and waited for a core."""
    busy: float | None
    """In which some process ran, or was kept from it by the host, summed over the machine's cores."""

    @classmethod
    def read(cls, proc: Path = _PROC) -> "_Counters":
        return cls(time.monotonic(), time.process_time(), _waited(proc), _busy(proc))


class LoadMeter:
    """Measures from the first training steps of an attempt to ``stop``."""

    def __init__(self) -> None:
        self.measured: Load | None = None
        """None before ``stop``, and when nothing was trained."""
        self._began: _Counters | None = None
        self._load_average: float | None = None
        self._left_out = 0.0

    def note(self, event: Report) -> None:
        """Begin when the first steps are done: neither start-up nor compilation counts."""
        if self._began is None and isinstance(event, Progress) and event.phase is Phase.TRAINING:
            self._began, self._load_average = _Counters.read(), _load_average()

    @contextmanager
    def left_out(self) -> Iterator[None]:
        """A block whose processor time is not the training's."""
        began = time.process_time()
        yield
        if self._began is not None:
            self._left_out += time.process_time() - began

    def stop(self) -> None:
        """Put together what a job keeps as its ``environment.load``.

        - ``core_share``: of the time in which this process had work, the part in which it ran, 0 to 1. The rest it
          waited for a core that somebody else had.
        - ``busy_beside``: of the whole machine's time, the part that others used (or that the host of a virtual
          machine gave to others), 0 to 1.
        - ``cpu_seconds``: processor time of this process, added up over its threads: training and evaluating, without
          what was ``left_out``.
          These three are None for less than half a second of training.
        - ``load_average_start``, ``load_average_end``: processes that ran or wanted to, over the minute before.
        """
        if self._began is None:
            return
        began, now = self._began, _Counters.read()
        known = now.at - began.at >= _MIN_SECONDS
        self.measured = {
            "core_share": _core_share(began, now) if known else None,
            "busy_beside": _busy_beside(began, now, os.cpu_count() or 1) if known else None,
            "cpu_seconds": now.ran - began.ran - self._left_out if known else None,
            "load_average_start": self._load_average,
            "load_average_end": _load_average(),
        }


def _core_share(began: _Counters, ended: _Counters) -> float | None:
    if began.waited is None or ended.waited is None:
        return None
    ran, waited = ended.ran - began.ran, max(0.0, ended.waited - began.waited)
    return ran / (ran + waited) if ran > 0 else None


def _busy_beside(began: _Counters, ended: _Counters, cores: int) -> float | None:
    if began.busy is None or ended.busy is None or ended.at <= began.at:
        return None
    others = ended.busy - began.busy - (ended.ran - began.ran)
    return min(1.0, max(0.0, others / (cores * (ended.at - began.at))))


def _waited(proc: Path) -> float | None:
    """The second number of a thread's schedstat are nanoseconds on a run queue (Linux, sched-stats)."""
    nanoseconds, known = 0, False
    for thread in (proc / "self" / "task").glob("*/schedstat"):
        try:
            nanoseconds += int(thread.read_text().split()[1])
            known = True
        except (OSError, IndexError, ValueError):  # a thread that has just ended
            continue
    return nanoseconds / 1e9 if known else None


def _busy(proc: Path) -> float | None:
    """The first line of /proc/stat, by proc(5): user, nice, system, idle, iowait, irq, softirq, steal in ticks."""
    try:
        user, nice, system, _, _, irq, softirq, steal = map(
            int, (proc / "stat").read_text().split(maxsplit=9)[1:9]
        )
    except (OSError, ValueError):
        return None
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _load_average() -> float | None:
    try:
        return os.getloadavg()[0]
    except OSError:
        return None
