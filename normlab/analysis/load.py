"""Load at run time: whether the runs' seconds say something of the arms, and which seconds do.

Wall seconds are what people wait, but they grow with whatever else the machine does. Seconds of processor time are
those in which the run's threads really ran: other work changes them little, so they are compared where the wall clock
is no use. Where neither is, no seconds are compared.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean

from normlab.analysis.records import RunRecord

LIMITS = {"core_share": 0.05, "busy_beside": 0.25}
"""How far apart the arms' means may lie. A process that gets 5 % less of its cores takes 5 % longer. What others do on
other cores costs less, and often nothing: memory bandwidth, clock rate, or half of a core that shows as two."""

LEAST_CORE_SHARE = 0.9
"""Of the time in which a run's threads could run, the part in which they have to have had a core: each run for itself,
since a mean hides a disturbed one."""

MOST_SPREAD = 1.5
"""How many times as long as the fastest run of its arm the slowest may take for an epoch: they do the same work."""

_WORDS = {
    "core_share": "of the time in which they were ready to run, the runs had a core",
    "busy_beside": "beside the runs, others used the machine",
}


class Clock(StrEnum):
    """Whose seconds are compared."""

    WALL = "wall"
    """What a clock on the wall shows."""
    PROCESSOR = "processor"
    """In which the run's threads had a core, added up over them."""
    NONE = "none"
    """No seconds: they say nothing of the arms."""

    @property
    def words(self) -> str:
        """What its seconds are called in a sentence."""
        return "seconds of processor time" if self is Clock.PROCESSOR else "seconds of training"


@dataclass(frozen=True)
class ClockChoice:
    """Which seconds are compared, and why not those of the wall clock."""

    clock: Clock
    caveats: tuple[str, ...] = ()

    def seconds(self, run: RunRecord) -> float | None:
        """How long a run took by this clock."""
        match self.clock:
            case Clock.WALL:
                return run.training_seconds[-1] if run.epochs else None
            case Clock.PROCESSOR:
                return run.load("cpu_seconds")
            case Clock.NONE:
                return None


def choose_clock(arms: Mapping[str, Sequence[RunRecord]]) -> ClockChoice:
    """The clock by which these arms' seconds can be compared.

    It reads ``environment["load"]`` of each run, as the worker records it; what is not known of a run is not held
    against it. Whether the runs of an arm take equally long is seen without it.
    """
    reasons = (*_disturbed(arms), *_unequal(arms), *_uneven(arms))
    if not reasons:
        return ClockChoice(Clock.WALL)
    processor = {name: [run.load("cpu_seconds") for run in runs] for name, runs in arms.items()}
    known = all(seconds for group in processor.values() for seconds in group)
    if known and not any(_apart([seconds for seconds in group if seconds]) for group in processor.values()):
        verdict = (
            "Their seconds on the wall clock cannot be compared: seconds of processor time are, instead."
        )
        return ClockChoice(Clock.PROCESSOR, (*reasons, verdict))
    verdict = "Seconds of these arms cannot be compared, so no costs are given; their accuracies do not depend on it."
    return ClockChoice(Clock.NONE, (*reasons, verdict))


def _disturbed(arms: Mapping[str, Sequence[RunRecord]]) -> Iterable[str]:
    """Where single runs had to wait for a core."""
    runs = [run for group in arms.values() for run in group]
    shares = [share for run in runs if (share := run.load("core_share")) is not None]
    low = [share for share in shares if share < LEAST_CORE_SHARE]
    if low:
        least, most = (f"{100 * share:.0f}" for share in (min(low), max(low)))
        measured = "" if len(shares) == len(runs) else f" (measured for {len(shares)} of {len(runs)} runs)"
        yield (
            f"The load at run time was high{measured}: {len(low)} of {len(shares)} runs had a core for only "
            f"{least if least == most else f'{least} to {most}'} % of the time in which they were ready to run."
        )


def _unequal(arms: Mapping[str, Sequence[RunRecord]]) -> Iterable[str]:
    """Where the arms met different loads; nothing is said unless the load is known of every arm."""
    for figure, limit in LIMITS.items():
        means = {
            name: fmean(values)
            for name, runs in arms.items()
            if (values := [value for run in runs if (value := run.load(figure)) is not None])
        }
        if len(means) < len(arms) or not means or max(means.values()) - min(means.values()) <= limit:
            continue
        listed = ", ".join(f"{name} {100 * mean:.0f} %" for name, mean in means.items())
        yield (
            f"The load at run time differed: {_WORDS[figure]} ({listed}; more than {100 * limit:.0f} points apart)."
        )


def _uneven(arms: Mapping[str, Sequence[RunRecord]]) -> Iterable[str]:
    """Where runs of one arm, which do the same work, took unequally long."""
    seconds = {
        name: [run.training_seconds[-1] / len(run.epochs) for run in runs if run.epochs]
        for name, runs in arms.items()
    }
    ranges = [
        f"{name} {min(values):.3g} to {max(values):.3g} s an epoch"
        for name, values in seconds.items()
        if _apart(values)
    ]
    if ranges:
        yield f"Runs of one arm took unequally long for the same work: {', '.join(ranges)}."


def _apart(seconds: Sequence[float]) -> bool:
    return bool(seconds) and max(seconds) > MOST_SPREAD * min(seconds)
