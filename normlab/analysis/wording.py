"""A comparison in one sentence, made from its numbers alone: the same numbers give the same sentence."""

from normlab.analysis.metrics import style_of
from normlab.analysis.verdict import PairedComparison, Verdict
from normlab.spec.metrics import Metric


def sentence(found: PairedComparison, a: str = "a", b: str = "b", metric: Metric | None = None) -> str:
    """What ``compare_paired`` found, for the arms' names and the metric; its caveats are told apart from
    it."""
    style = style_of(metric)
    what = metric.words if metric else "value"
    pairs = f"{found.pairs} pair{'s' * (found.pairs > 1)}"
    if found.pairs == 1:
        size = style.difference(found.difference, sign=True)
        return f"Not decided: the one pair has a difference of {size}{style.unit} in {what} ({b} minus {a})."

    def between(low: float, high: float) -> str:
        return f"{style.difference(low)} to {style.difference(high)}"

    level = f"{100 * found.confidence:.4g} % interval"
    p = f"exact p = {found.p_value:.3g}"
    evidence = f"({level} {between(*found.interval)}; {pairs}; {p})"
    match found.verdict:
        case Verdict.EQUIVALENT:
            return (
                f"{a} and {b} are equivalent within a margin of "
                f"{style.difference(found.equivalence_margin)}{style.unit}: {b} minus {a} is "
                f"{style.difference(found.difference, sign=True)} in {what} {evidence}."
            )
        case Verdict.INCONCLUSIVE:
            more = (
                f" About {found.pairs_needed} more pair{'s' * (found.pairs_needed > 1)} would decide it."
                if found.pairs_needed
                else ""
            )
            return (
                f"Not decided: {b} minus {a} is {style.difference(found.difference, sign=True)}{style.unit} in "
                f"{what} {evidence}.{more}"
            )
        case Verdict.A_BETTER | Verdict.B_BETTER:
            better, worse = (b, a) if found.verdict is Verdict.B_BETTER else (a, b)
            low, high = sorted(abs(end) for end in found.interval)
            direction = "higher" if found.higher_is_better else "lower"
            return (
                f"{better} is better than {worse}: its {what} is {style.difference(abs(found.difference))}"
                f"{style.unit} {direction} ({level} {between(low, high)}; {pairs}; {p})."
            )
