"""What an interval rests on: its level, what it is corrected for, and what has to be true for it to hold."""

from dataclasses import dataclass

SEEDS = "pairs that do not depend on each other, and differences that are roughly normal"
"""What Student's interval over seeds supposes."""


@dataclass(frozen=True)
class Basis:
    """What stands behind an interval; one stands beside each interval of a result."""

    level: float
    """Alone, such intervals hold the truth this often."""
    together: float
    """The verdicts of all that it is corrected for are right together this often. (So are the intervals, but for
    Holm's: they have the level of their step.)"""
    corrected_for: tuple[str, ...]
    """Such as ``6 pairs of arms``; empty for an interval that stands alone."""
    supposes: str
    """What has to be true."""

    @property
    def words(self) -> str:
        """Its level and correction: ``99.17 % interval, corrected for 6 pairs of arms``."""
        own = f"{100 * self.level:.4g} % interval"
        return f"{own}, corrected for {' and '.join(self.corrected_for)}" if self.corrected_for else own

    def before(self, ends: str) -> str:
        """The same with the ends of the interval behind it."""
        return f"{self.words}{':' if self.corrected_for else ''} {ends}"


def alone(level: float, supposes: str) -> Basis:
    """The basis of an interval that is corrected for nothing."""
    return Basis(level, level, (), supposes)
