"""How a report writes numbers, intervals and verdicts, in tables and in sentences."""

from math import isinf

from normlab.analysis.comparison import PairReport
from normlab.analysis.intervals import Interval
from normlab.analysis.metrics import Style
from normlab.analysis.report.blocks import NOTHING
from normlab.analysis.verdict import Verdict
from normlab.analysis.wording import p_words


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


def interval_in(ends: Interval | None, style: Style) -> str:
    """The same of a metric's values or differences, without their unit."""
    if ends is None or isinf(ends.low):
        return NOTHING
    return f"{style.difference(ends.low)} to {style.difference(ends.high)}"


def p_value(value: float | None) -> str:
    """A p value with the digits that it has in the sentence of a verdict."""
    return NOTHING if value is None else p_words(value).removeprefix("p ").removeprefix("= ")


def level(confidence: float) -> str:
    """``99.17 %``."""
    return f"{100 * confidence:.4g} %"


def verdict(pair_verdict: Verdict) -> str:
    """Whether a comparison is decided; the sign of its difference says for which arm."""
    match pair_verdict:
        case Verdict.A_BETTER | Verdict.B_BETTER:
            return "decided"
        case Verdict.EQUIVALENT:
            return "equivalent"
        case Verdict.INCONCLUSIVE:
            return "not decided"


def by_name(pair_verdict: Verdict, a: str, b: str) -> str:
    """A verdict with the arm's name."""
    return (
        f"{b if pair_verdict is Verdict.B_BETTER else a} is better"
        if pair_verdict.better
        else verdict(pair_verdict)
    )


def agreeing(pair: PairReport) -> str:
    """How many seeds have a difference of the sign of the mean one, and for which part of all seeds that may be
    so: ``4 of 5 (28 % to 99 %)``."""
    wins, difference = pair.comparison.wins, pair.comparison.difference
    for_b = (difference >= 0) == pair.comparison.higher_is_better
    count = f"{wins.b if for_b else wins.a} of {pair.comparison.pairs}"
    if wins.interval is None:
        return count
    low, high = wins.interval if for_b else (1 - wins.interval.high, 1 - wins.interval.low)
    return f"{count} ({100 * low:.0f} % to {100 * high:.0f} %)"
