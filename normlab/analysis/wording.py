"""A comparison in one sentence, made from its numbers alone: the same numbers give the same sentence."""

from normlab.analysis.metrics import style_of
from normlab.analysis.planning import RANGE_CONFIDENCE
from normlab.analysis.signflip import smallest_p_value
from normlab.analysis.verdict import DecidingTest, PairedComparison, Verdict
from normlab.spec.metrics import Metric

_SMALLEST_P = 1e-6


def sentence(comparison: PairedComparison, a: str = "a", b: str = "b", metric: Metric | None = None) -> str:
    """The result of ``compare_paired`` in words, for the arms' names and the metric. Its caveats are not in it."""
    style = style_of(metric)
    what = metric.words if metric else "value"
    size = style.difference(comparison.difference, sign=True)
    pairs = f"{comparison.pairs} pair{'s' * (comparison.pairs > 1)}"
    if comparison.pairs == 1:
        return f"Not decided: the one pair has a difference of {size}{style.unit} in {what} ({b} minus {a})."
    if comparison.wins.ties == comparison.pairs and comparison.verdict is Verdict.INCONCLUSIVE:
        return f"Not decided: {a} and {b} have exactly the same {what} in each of {pairs}."

    def evidence(low: float, high: float, test: str) -> str:
        interval = comparison.basis.before(f"{style.difference(low)} to {style.difference(high)}")
        return f"({interval}; {pairs}; {test})"

    if comparison.withheld:
        ends = comparison.interval
        interval = comparison.basis.before(f"{style.difference(ends.low)} to {style.difference(ends.high)}")
        return (
            f"No verdict, since {comparison.withheld}: {b} minus {a} is {size}{style.unit} in {what} "
            f"({interval}; {pairs})."
        )
    match comparison.verdict:
        case Verdict.EQUIVALENT:
            margin = f"{style.difference(comparison.equivalence_margin)}{style.unit}"
            return (
                f"{a} and {b} are equivalent within a margin of {margin}: {b} minus {a} is {size} in {what} "
                f"{evidence(*comparison.interval, 'the whole interval lies within the margin')}."
            )
        case Verdict.INCONCLUSIVE:
            more = comparison.further_pairs
            planning = (
                f" A comparison of {more.in_all(comparison.pairs)} would decide this ({100 * RANGE_CONFIDENCE:.0f} % "
                "range)."
                if more
                else ""
            )
            return (
                f"Not decided: {b} minus {a} is {size}{style.unit} in {what} "
                f"{evidence(*comparison.interval, deciding_words(comparison))}.{planning}"
            )
        case Verdict.A_BETTER | Verdict.B_BETTER:
            better, worse = (b, a) if comparison.verdict is Verdict.B_BETTER else (a, b)
            low, high = sorted(abs(end) for end in comparison.interval)
            direction = "higher" if comparison.higher_is_better else "lower"
            return (
                f"{better} is better than {worse}: its {what} is {style.difference(abs(comparison.difference))}"
                f"{style.unit} {direction} {evidence(low, high, deciding_words(comparison))}."
            )


def deciding_words(comparison: PairedComparison) -> str:
    """The test that decided, its p value, and why the other one did not."""
    match comparison.deciding_test:
        case DecidingTest.EXACT:
            least = comparison.p_value <= smallest_p_value(comparison.pairs)
            only = f", the least that {comparison.pairs} pairs can give" if least else ""
            return f"exact test {p_words(comparison.p_value)}{only}"
        case DecidingTest.T:
            return f"t test {p_words(comparison.t_p_value)}"
        case DecidingTest.T_ALONE:
            needed = (1 - comparison.confidence) / 2
            missed = "" if comparison.verdict.better else f", where {needed:.2g} is needed"
            return (
                f"t test {p_words(comparison.t_p_value)}{missed}; {comparison.pairs} pairs are too few for the exact "
                "test to decide"
            )


def p_words(p_value: float) -> str:
    """A p value as people write it: never with an exponent."""
    if p_value < _SMALLEST_P:
        return f"p < {_SMALLEST_P:.6f}"
    digits = 3 if p_value >= 0.001 else 1
    text = f"{p_value:.{digits}g}"
    return f"p = {float(text):.6f}".rstrip("0") if "e" in text else f"p = {text}"
