"""What runs show of one definition of a claim, pair by pair."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from normlab.analysis.mechanism.quantities import Scale
from normlab.analysis.validation import Floats


class Better(StrEnum):
    """On which side of ``a`` a claim sees ``b``."""

    SMALLER = "smaller"
    LARGER = "larger"


class Unit(StrEnum):
    """How a value is written."""

    NUMBER = "number"
    PERCENT = "percent"
    """A fraction."""
    SECONDS = "seconds"


@dataclass(frozen=True)
class NotApplicable:
    """Nothing to cure: the claim is not about these arms."""

    reason: str
    """With the number that shows it."""


@dataclass(frozen=True)
class Unknown:
    """Nothing was measured by which a definition could be judged."""

    reason: str


@dataclass(frozen=True)
class Effect:
    """Two values of each pair, and which of them a claim says is larger. Pairs do not depend on each other."""

    quantity: str
    """What was measured, in a sentence before its values."""
    a: Floats
    """Of the arm without the change, or what ``b`` is held against: (pairs,)."""
    b: Floats
    """(pairs,)."""
    claimed: Better
    """What the claim says of ``b``."""
    scale: Scale
    margin: float
    """An effect below it does not matter: as a ratio above 1, or as a difference from 0 on."""
    unit: Unit = Unit.NUMBER
    names: tuple[str, str] | None = None
    """What ``a`` and ``b`` are called where they are not the arms."""
    notes: tuple[str, ...] = ()
    """What to know of the numbers, in sentences."""

    @property
    def shown(self) -> Floats:
        """How far each pair shows what is claimed, above 0 if it does: (pairs,). Of ratios the logarithm."""
        sign = -1.0 if self.shown_is_reversed else 1.0
        if self.scale is Scale.RATIO:
            return np.asarray(sign * (np.log(self.b) - np.log(self.a)))
        return np.asarray(sign * (self.b - self.a))

    @property
    def shown_is_reversed(self) -> bool:
        """Whether ``shown`` is the other way round than ``b`` beside ``a``."""
        return self.claimed is Better.SMALLER

    @property
    def least(self) -> float:
        """``margin`` on the scale of ``shown``."""
        return float(np.log(self.margin)) if self.scale is Scale.RATIO else self.margin


def of_ratios(
    quantity: str, a: Floats, b: Floats, claimed: Better, *, margin: float, unit: Unit = Unit.NUMBER
) -> Effect | Unknown:
    """The effect of two positive values by their ratio; pairs in which one is not positive are left out."""
    positive = (a > 0) & (b > 0)
    if not positive.any():
        return Unknown(f"{quantity}: no pair has two values above 0")
    left_out = int((~positive).sum())
    notes = (f"{left_out} pairs without two values above 0 are left out.",) if left_out else ()
    return Effect(quantity, a[positive], b[positive], claimed, Scale.RATIO, margin, unit, notes=notes)
