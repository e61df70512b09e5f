"""What a point of accuracy costs, and which arms are worth their cost: said only where it is decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from numpy.typing import ArrayLike

from normlab.analysis.basis import SEEDS, Basis
from normlab.analysis.documents import to_plain
from normlab.analysis.intervals import Interval, spread, t_interval
from normlab.analysis.load import Clock
from normlab.analysis.ratio import SUPPOSES, fieller_interval
from normlab.analysis.validation import as_pairs
from normlab.analysis.verdict import PairedComparison, Verdict
from normlab.spec.replicates import MIN_PAIRS


@dataclass(frozen=True)
class ArmCost:
    """What an arm needs and what it gives, means over its runs."""

    seconds: float
    """Training time of the whole run, by the clock of the comparison."""
    accuracy: float


@dataclass(frozen=True)
class CostOfAPoint:
    """What one arm costs more than another, for what it gives more."""

    extra_seconds: float
    extra_seconds_interval: Interval
    extra_seconds_basis: Basis
    extra_points: float
    """Percentage points of accuracy; their interval is the comparison's."""
    seconds_per_point: float | None
    """None unless one arm is better, and is the dearer one, and the ratio's interval is finite."""
    interval: Interval | None
    """Fieller's, of ``seconds_per_point``."""
    basis: Basis | None
    """Of ``interval``."""
    reading: str

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document

    @property
    def dearer(self) -> int | None:
        """1: the second arm is shown to take longer, -1: the first; None: neither is."""
        if not self.extra_seconds_interval.excludes_zero():
            return None
        return 1 if self.extra_seconds > 0 else -1


def cost_of_a_point(
    comparison: PairedComparison,
    accuracies: tuple[ArrayLike, ArrayLike],
    seconds: tuple[ArrayLike, ArrayLike],
    names: tuple[str, str] = ("a", "b"),
    clock: Clock = Clock.WALL,
) -> CostOfAPoint:
    """The extra seconds of b over a for each percentage point that b is more accurate (or the reverse).

    ``comparison`` is that of the accuracies; these and the seconds are one of each arm per pair, shape (n,). There is
    a cost of a point only where the comparison calls the dearer arm better, and with Fieller's interval at the
    comparison's confidence. Source: the incremental cost-effectiveness ratio, e.g. Drummond et al. (2015), Methods for
    the economic evaluation of health care programmes, ch. 4.
    """
    gained = _differences(accuracies) * 100
    needed = _differences(seconds)
    n, level = len(needed), comparison.confidence
    interval = (
        t_interval(float(needed.mean()), spread(needed), n, level)
        if n >= MIN_PAIRS
        else t_interval(0, 0, 1, level)
    )
    ratio, ratio_interval = None, None
    verdict, extra = comparison.verdict, float(needed.mean())
    if verdict.better and interval.excludes_zero() and (extra > 0) == (verdict is Verdict.B_BETTER):
        ratio_interval = fieller_interval(needed, gained, level)
        ratio = extra / float(gained.mean()) if ratio_interval else None
    basis = comparison.basis
    found = CostOfAPoint(
        extra_seconds=extra,
        extra_seconds_interval=interval,
        extra_seconds_basis=Basis(level, basis.together, basis.corrected_for, SEEDS),
        extra_points=float(gained.mean()),
        seconds_per_point=ratio,
        interval=ratio_interval,
        basis=Basis(level, basis.together, basis.corrected_for, SUPPOSES) if ratio_interval else None,
        reading="",
    )
    return CostOfAPoint(**{**vars(found), "reading": _reading(found, verdict, names, clock)})


def _differences(values: tuple[ArrayLike, ArrayLike]) -> Any:
    first, second = as_pairs(*values)
    return second - first


def _reading(cost: CostOfAPoint, verdict: Verdict, names: tuple[str, str], clock: Clock) -> str:
    a, b = names
    if not verdict.better:
        return f"No cost of a point: it is not decided which of {a} and {b} is more accurate."
    better, worse = (b, a) if verdict is Verdict.B_BETTER else (a, b)
    if cost.dearer is None:
        return (
            f"{better} is more accurate than {worse}; which of them needs more {clock.words} is not decided."
        )
    if (cost.dearer > 0) != (better == b):
        return f"{better} is more accurate than {worse} and needs fewer {clock.words}."
    extra = f"{better} needs {abs(cost.extra_seconds):.3g} more {clock.words} than {worse}"
    if cost.seconds_per_point is None or cost.interval is None or cost.basis is None:
        return f"{extra}; what a point costs is too uncertain to say."
    ends = cost.basis.before("{:.3g} to {:.3g}".format(*cost.interval))
    return f"{extra}: {cost.seconds_per_point:.3g} seconds for each percentage point ({ends})."


def pareto_front(
    arms: Mapping[str, ArmCost], pairs: Sequence[tuple[str, str, Verdict, CostOfAPoint]]
) -> tuple[str, ...] | None:
    """The arms that no other arm beats in both training time and accuracy, cheapest first; None as long as for some
    two arms it is not decided which is more accurate and which needs more time.

    An arm is off the front when another is better and needs no more time. Arms that are equivalent count as equally
    accurate: of them the dearer is off.
    """
    beaten = set()
    for a, b, verdict, cost in pairs:
        if verdict is Verdict.INCONCLUSIVE or cost.dearer is None:
            return None
        cheaper, dearer = (a, b) if cost.dearer > 0 else (b, a)
        better = {Verdict.A_BETTER: a, Verdict.B_BETTER: b}.get(verdict, cheaper)
        if better == cheaper:
            beaten.add(dearer)
    if len(pairs) < len(list(combinations(arms, 2))):
        return None
    return tuple(sorted(arms.keys() - beaten, key=lambda name: arms[name].seconds))
