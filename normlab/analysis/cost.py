"""What a point of accuracy costs, and which arms are worth their cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from normlab.analysis.documents import to_plain


@dataclass(frozen=True)
class ArmCost:
    """What an arm needs and what it gives, means over its runs."""

    seconds: float
    """Training time of the whole run."""
    accuracy: float


@dataclass(frozen=True)
class CostOfAPoint:
    """What one arm costs more than another, for what it gives more."""

    extra_seconds: float
    extra_points: float
    """Percentage points of accuracy."""
    seconds_per_point: float | None
    """None unless the arm that is more accurate is also the more expensive one."""
    reading: str

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document


def cost_of_a_point(a: ArmCost, b: ArmCost, names: tuple[str, str] = ("a", "b")) -> CostOfAPoint:
    """The extra training seconds of b over a for each percentage point that b is more accurate (or the
    reverse).

    These are ratios of means without an interval: read them beside the verdict, and not at all when that is
    inconclusive. Source: the incremental cost-effectiveness ratio, e.g. Drummond et al. (2015), Methods for
    the economic evaluation of health care programmes, ch. 4.
    """
    seconds, points = b.seconds - a.seconds, 100 * (b.accuracy - a.accuracy)
    if points == 0 or seconds == 0 or (seconds > 0) != (points > 0):
        ratio = None
        if points == seconds == 0:
            reading = f"{names[0]} and {names[1]} cost and give the same."
        else:
            # Where one of the two is equal, the other decides.
            ahead = names[1] if points > 0 or (points == 0 and seconds < 0) else names[0]
            behind = names[0] if ahead == names[1] else names[1]
            reading = f"{ahead} gives no less than {behind} and costs no more."
        return CostOfAPoint(seconds, points, ratio, reading)
    ratio = seconds / points
    dear, cheap = (names[1], names[0]) if seconds > 0 else (names[0], names[1])
    reading = (
        f"{dear} gives {abs(points):.2f} percentage points more than {cheap} for {abs(seconds):.1f} more seconds of "
        f"training: {ratio:.1f} seconds a point."
    )
    return CostOfAPoint(seconds, points, ratio, reading)


def pareto_front(arms: Mapping[str, ArmCost]) -> tuple[str, ...]:
    """The arms that no other arm beats in both training time and accuracy, cheapest first.

    An arm is off the front when another is at least as good in both and better in one. Arms that are equal
    in both stand on it together. It is worked out from means, so neighbours within each other's interval may
    change places.
    """

    def beaten(arm: ArmCost) -> bool:
        return any(
            other.seconds <= arm.seconds and other.accuracy >= arm.accuracy and other != arm
            for other in arms.values()
        )

    front = [name for name, arm in arms.items() if not beaten(arm)]
    return tuple(sorted(front, key=lambda name: arms[name].seconds))
