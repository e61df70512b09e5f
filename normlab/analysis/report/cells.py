"""How a report writes numbers, intervals and verdicts, in tables and in sentences."""

import re
from collections.abc import Sequence
from math import isinf

from normlab.analysis.comparison import PairReport
from normlab.analysis.intervals import Interval
from normlab.analysis.report.blocks import NOTHING
from normlab.analysis.verdict import Verdict
from normlab.analysis.wording import p_words

_NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?!\w)")


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


def without_numbers(text: str) -> str:
    """What a sentence says whatever its numbers are."""
    return _NUMBER.sub("#", text)


def in_one(texts: Sequence[str]) -> list[str]:
    """Each sentence once; those that differ in their numbers alone as one: ``has to reach 0.004 to 0.025``."""
    kinds: dict[str, list[str]] = {}
    for text in texts:
        kinds.setdefault(without_numbers(text), []).append(text)
    return [_joined(alike) for alike in kinds.values()]


def _joined(alike: Sequence[str]) -> str:
    numbers = iter(zip(*(_NUMBER.findall(text) for text in alike), strict=True))

    def span(_: re.Match[str]) -> str:
        ends = sorted(set(next(numbers)), key=lambda number: float(number.replace(",", "")))
        return ends[0] if len(ends) == 1 else f"{ends[0]} to {ends[-1]}"

    return _NUMBER.sub(span, alike[0])
