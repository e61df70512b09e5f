"""How a report writes numbers, intervals and verdicts, in tables and in sentences."""

from math import isinf

from normlab.analysis.comparison import PairReport
from normlab.analysis.intervals import Interval
from normlab.analysis.report.blocks import NOTHING
from normlab.analysis.verdict import Verdict

_SMALLEST_P = 1e-4


def number(value: float | None, digits: int = 2, *, sign: bool = False) -> str:
    """A number with so many digits behind the point, and with the real minus sign."""
    if value is None:
        return NOTHING
    text = f"{value:{'+' if sign else ''}.{digits}f}"
    if not text.strip("+-0."):  # no sign for what was rounded to zero
        text = text.lstrip("+-")
    return text.replace("-", "\N{MINUS SIGN}")


def interval(ends: Interval | None, factor: float = 1, digits: int = 2) -> str:
    """``0.26 to 1.23``."""
    if ends is None or isinf(ends.low):
        return NOTHING
    return f"{number(ends.low * factor, digits)} to {number(ends.high * factor, digits)}"


def p_value(value: float | None) -> str:
    """A p value, very small ones as a bound."""
    if value is None:
        return NOTHING
    return f"< {_SMALLEST_P:.4f}" if value < _SMALLEST_P else f"{value:.2g}"


def level(confidence: float) -> str:
    """``99.17 %``."""
    return f"{100 * confidence:.4g} %"


def minus(pair: PairReport) -> str:
    """Which difference it is: the second arm minus the first."""
    return f"{pair.b} minus {pair.a}"


def verdict(pair_verdict: Verdict, a: str, b: str) -> str:
    """A verdict by the arms' names."""
    match pair_verdict:
        case Verdict.A_BETTER:
            return f"{a} is better"
        case Verdict.B_BETTER:
            return f"{b} is better"
        case Verdict.EQUIVALENT:
            return "equivalent"
        case Verdict.INCONCLUSIVE:
            return "not decided"


def better_in(pair: PairReport) -> str:
    """In how many pairs of runs which arm is better: ``batch_norm in 4 of 5``."""
    sign = 1 if pair.comparison.higher_is_better else -1
    gains = [sign * (b - a) for _, a, b in pair.values]
    ahead_b, ahead_a = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    if ahead_a == ahead_b:
        return f"each in {ahead_b} of {len(gains)}"
    name, ahead = (pair.b, ahead_b) if ahead_b > ahead_a else (pair.a, ahead_a)
    return f"{name} in {ahead} of {len(gains)}"
