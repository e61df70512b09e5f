"""A comparison in one sentence: what was trained, on what, compared by what, and what came of it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from normlab.analysis.differences import ARCHITECTURE_FACETS
from normlab.analysis.metrics import style_of
from normlab.analysis.verdict import Verdict

if TYPE_CHECKING:
    from normlab.analysis.comparison import ComparisonStatistics, PairReport


def headline(comparison: "ComparisonStatistics") -> str:
    """The sentence that stands above everything else, made from the comparison's numbers alone."""
    dataset = comparison.setup.dataset or "different datasets"
    seeds = len(comparison.seeds)
    return (
        f"{listed(list(comparison.arms))} were trained on {dataset} with {seeds} seed{'s' * (seeds > 1)} each and "
        f"compared by {comparison.metric.words}: {'; '.join([_outcome(comparison), *_limits(comparison)])}."
    )


def _limits(comparison: "ComparisonStatistics") -> Iterator[str]:
    """What takes the most from the outcome, and is not to be read only below it."""
    if guessing := comparison.arms_that_guess:
        yield f"{listed(list(guessing))} {'has' if len(guessing) == 1 else 'have'} learned nothing that shows"
    changed = [each.field for each in comparison.differences if each.field in ARCHITECTURE_FACETS]
    if len(changed) > 1:
        yield f"the arms differ in {listed(changed)} at once"


def listed(names: Sequence[str], last: str = " and ") -> str:
    """``a, b and c``; ``last`` is what stands before the last of two."""
    if len(names) == 2:
        return last.join(names)
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _outcome(comparison: "ComparisonStatistics") -> str:
    if len(comparison.pairs) == 1:
        return _of_two(comparison.pairs[0])
    decided = sum(pair.comparison.verdict is not Verdict.INCONCLUSIVE for pair in comparison.pairs)
    sign = 1 if comparison.metric.higher_is_better else -1
    best = max(comparison.arms, key=lambda name: sign * comparison.arms[name].mean)
    extreme = "highest" if comparison.metric.higher_is_better else "lowest"
    open_against = [
        other
        for pair in comparison.pairs
        if best in (pair.a, pair.b) and pair.comparison.verdict is Verdict.INCONCLUSIVE
        for other in (pair.a, pair.b)
        if other != best
    ]
    but = f", but is not shown to be better than {listed(open_against)}" if open_against else ""
    return (
        f"{decided} of {len(comparison.pairs)} pairs of arms are decided; {best} has the {extreme} mean, "
        f"{style_of(comparison.metric).value(comparison.arms[best].mean)}{but}"
    )


def _of_two(pair: "PairReport") -> str:
    match pair.comparison.verdict:
        case Verdict.A_BETTER:
            return f"{pair.a} is better"
        case Verdict.B_BETTER:
            return f"{pair.b} is better"
        case Verdict.EQUIVALENT:
            return "they are equivalent within the margin"
        case Verdict.INCONCLUSIVE:
            return "neither is shown to be better"
