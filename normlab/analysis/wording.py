"""A comparison in one sentence, made from its numbers alone: the same numbers give the same sentence."""

from normlab.analysis.metrics import style_of
from normlab.analysis.verdict import PairedComparison, Verdict
from normlab.spec.metrics import Metric


def sentence(comparison: PairedComparison, a: str = "a", b: str = "b", metric: Metric | None = None) -> str:
    """The result of ``compare_paired`` in words, for the arms' names and the metric. Its caveats are not in it."""
    style = style_of(metric)
    what = metric.words if metric else "value"
    pairs = f"{comparison.pairs} pair{'s' * (comparison.pairs > 1)}"
    if comparison.pairs == 1:
        size = style.difference(comparison.difference, sign=True)
        return f"Not decided: the one pair has a difference of {size}{style.unit} in {what} ({b} minus {a})."

    def between(low: float, high: float) -> str:
        return f"{style.difference(low)} to {style.difference(high)}"

    level = f"{100 * comparison.confidence:.4g} % interval"
    p = f"exact p = {comparison.p_value:.3g}"
    evidence = f"({level} {between(*comparison.interval)}; {pairs}; {p})"
    match comparison.verdict:
        case Verdict.EQUIVALENT:
            return (
                f"{a} and {b} are equivalent within a margin of "
                f"{style.difference(comparison.equivalence_margin)}{style.unit}: {b} minus {a} is "
                f"{style.difference(comparison.difference, sign=True)} in {what} {evidence}."
            )
        case Verdict.INCONCLUSIVE:
            more = (
                f" About {comparison.pairs_needed} more pair{'s' * (comparison.pairs_needed > 1)} would decide it."
                if comparison.pairs_needed
                else ""
            )
            return (
                f"Not decided: {b} minus {a} is {style.difference(comparison.difference, sign=True)}{style.unit} in "
                f"{what} {evidence}.{more}"
            )
        case Verdict.A_BETTER | Verdict.B_BETTER:
            better, worse = (b, a) if comparison.verdict is Verdict.B_BETTER else (a, b)
            low, high = sorted(abs(end) for end in comparison.interval)
            direction = "higher" if comparison.higher_is_better else "lower"
            return (
                f"{better} is better than {worse}: its {what} is {style.difference(abs(comparison.difference))}"
                f"{style.unit} {direction} ({level} {between(low, high)}; {pairs}; {p})."
            )
