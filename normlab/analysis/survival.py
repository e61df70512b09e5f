"""Time to a target when some runs never reach it: they are censored, which is not the same as left out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from normlab.analysis.documents import to_plain
from normlab.analysis.validation import Floats, as_values


@dataclass(frozen=True)
class TimeToTarget:
    """The Kaplan-Meier estimate of how many runs have not reached the target yet, by time."""

    runs: int
    reached: int
    times: tuple[float, ...]
    """When runs reached the target, each time once, ascending."""
    not_reached: tuple[float, ...]
    """The share that has not reached the target after each of ``times``; before the first it is 1."""
    ended_without: tuple[float, ...]
    """When runs ended without reaching it, ascending."""
    median: float | None
    """When half of the runs have reached the target; None when that was not seen."""
    caveats: tuple[str, ...]

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document


def time_to_target(times: ArrayLike, reached: ArrayLike) -> TimeToTarget:
    """Kaplan-Meier's estimate from one time per run, shape (n,): when it reached the target, or (``reached``
    False) how long it was watched without reaching it.

    Source: Kaplan & Meier (1958), JASA 53; by ``scipy.stats.ecdf`` of right-censored data.
    """
    observed, events = _observed("times", times, reached)
    count = int(events.sum())
    caveats = []
    if count < len(events):
        caveats.append(
            f"{len(events) - count} of {len(events)} runs ended before the target: they count as longer than they "
            "were watched."
        )
    ended_without = tuple(sorted(observed[~events].tolist()))
    if not count:
        return TimeToTarget(len(events), 0, (), (), ended_without, None, tuple(caveats))
    survival = stats.ecdf(_censored(observed, events)).sf
    at_events = np.isin(survival.quantiles, observed[events])
    steps = survival.quantiles[at_events].tolist()
    shares = survival.probabilities[at_events].tolist()
    # A share of one half may come out a rounding error above it.
    median = next((time for time, share in zip(steps, shares, strict=True) if share <= 0.5 + 1e-12), None)
    return TimeToTarget(
        len(events), count, tuple(steps), tuple(shares), ended_without, median, tuple(caveats)
    )


@dataclass(frozen=True)
class LogRank:
    """Whether two arms reach the target at different speeds."""

    statistic: float
    """Standard normal if they do not; positive when a is the quicker one."""
    p_value: float
    caveats: tuple[str, ...]

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document


def log_rank(times_a: ArrayLike, reached_a: ArrayLike, times_b: ArrayLike, reached_b: ArrayLike) -> LogRank:
    """The log-rank test of two arms' times to the target, given as for ``time_to_target``.

    Without any run that reached the target, or with all runs reaching it at one moment, there is nothing to
    tell apart: p = 1. It supposes many runs; with fewer than about ten events its p value is only
    approximate.

    Source: Mantel (1966), Evaluation of survival data, Cancer Chemother. Rep. 50; by ``scipy.stats.logrank``.
    """
    a, events_a = _observed("times_a", times_a, reached_a)
    b, events_b = _observed("times_b", times_b, reached_b)
    events = int(events_a.sum() + events_b.sum())
    caveats = () if events >= 10 else (
        f"Only {events} runs reached the target: the log-rank test's p value is approximate.",
    )  # fmt: skip
    if not _informative(a, events_a, b, events_b):
        return LogRank(0.0, 1.0, caveats)
    test = stats.logrank(_censored(a, events_a), _censored(b, events_b))
    statistic = float(test.statistic)
    return LogRank(statistic, float(test.pvalue), caveats)


def _informative(a: Floats, events_a: Any, b: Floats, events_b: Any) -> bool:
    """Whether at some event both arms had runs under watch, and not all of them ended there."""
    for time in np.unique(np.concatenate([a[events_a], b[events_b]])):
        at_risk_a, at_risk_b = int(np.sum(a >= time)), int(np.sum(b >= time))
        happened = int(np.sum(a[events_a] == time) + np.sum(b[events_b] == time))
        if at_risk_a and at_risk_b and happened < at_risk_a + at_risk_b:
            return True
    return False


def _observed(name: str, times: ArrayLike, reached: ArrayLike) -> tuple[Floats, Any]:
    values = as_values(name, times)
    events = np.asarray(reached)
    if events.shape != values.shape or events.dtype != np.bool_:
        raise ValueError(f"reached should be True or False for each of the {len(values)} {name}")
    if np.any(values < 0):
        raise ValueError(f"{name} should be durations, but the smallest is {values.min()}")
    return values, events


def _censored(times: Floats, events: Any) -> stats.CensoredData:
    return stats.CensoredData(uncensored=times[events], right=times[~events])
