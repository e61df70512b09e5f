"""Which way round a difference is told: the way in which its verdict tells it."""

from typing import Protocol

from normlab.analysis.intervals import Interval
from normlab.analysis.verdict import PairedComparison


class ComparedPair(Protocol):
    """Two arms and what was found of them."""

    @property
    def a(self) -> str:
        """The first arm."""

    @property
    def b(self) -> str:
        """The second."""

    @property
    def comparison(self) -> PairedComparison:
        """Of ``b - a``."""


def sign_of(pair: ComparedPair) -> int:
    """1 where ``b - a`` is told; -1 where ``a - b`` is, which makes the difference of a decided pair positive, as the
    sentence of its verdict has it."""
    comparison = pair.comparison
    return -1 if comparison.verdict.better and comparison.difference < 0 else 1


def minus(pair: ComparedPair) -> str:
    """Which difference is told: ``batch_norm minus baseline``."""
    return f"{pair.b} minus {pair.a}" if sign_of(pair) > 0 else f"{pair.a} minus {pair.b}"


def turned(interval: Interval, sign: int) -> Interval:
    """An interval of ``b - a`` as one of what is told."""
    return interval if sign > 0 else Interval(-interval.high, -interval.low)
