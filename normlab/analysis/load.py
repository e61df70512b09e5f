"""Load at run time: whether the arms' seconds were measured on machines that were equally busy."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from normlab.analysis.records import RunRecord

LIMITS = {"core_share": 0.05, "busy_beside": 0.25}
"""How far apart the arms' means may lie. A process that gets 5 % less of its cores takes 5 % longer. What others do on
other cores costs less, and often nothing: memory bandwidth, clock rate, or half of a core that shows as two."""

_WORDS = {
    "core_share": "of the time in which they could run, the runs had a core",
    "busy_beside": "beside the runs, others used the machine",
}


def load_caveats(arms: Mapping[str, Sequence[RunRecord]]) -> Iterable[str]:
    """A sentence when the arms' runs met different loads, so that their seconds cannot be compared.

    It reads ``environment["load"]`` of each run, as the worker records it; runs without it do not count, and nothing
    is said unless it is known of every arm.
    """
    for figure, limit in LIMITS.items():
        means = {name: fmean(values) for name, runs in arms.items() if (values := _values(runs, figure))}
        if len(means) < len(arms) or not means or max(means.values()) - min(means.values()) <= limit:
            continue
        listed = ", ".join(f"{name} {100 * mean:.0f} %" for name, mean in means.items())
        yield (
            f"The load at run time differed: {_WORDS[figure]} ({listed}; more than {100 * limit:.0f} points apart). "
            "Seconds of these arms cannot be compared; their accuracies do not depend on it."
        )


def _values(runs: Sequence[RunRecord], figure: str) -> list[float]:
    loads: list[Any] = [run.environment.get("load") or {} for run in runs]
    return [float(load[figure]) for load in loads if load.get(figure) is not None]
