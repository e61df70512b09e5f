"""How the verdicts of a comparison were reached, in the words of its report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from normlab.analysis.earlier_looks import EarlierLooks
from normlab.analysis.metrics import style_of
from normlab.analysis.records import RunRecord
from normlab.analysis.sequential import StoppingPlan
from normlab.spec.columns import Task
from normlab.spec.metrics import Metric


class Correction(StrEnum):
    """How the error is kept for several verdicts together."""

    NONE = "none"
    """There is one pair of arms, and one look at it."""
    HOLM = "holm"
    """Holm's procedure over the pairs of arms, compared once."""
    BONFERRONI = "bonferroni"
    """Each pair of arms gets an equal part of the error, since pairs are looked at several times."""


@dataclass(frozen=True)
class Method:
    """How the verdicts were reached."""

    correction: Correction
    planned_looks: int
    """At how many numbers of pairs the plan looks at most; 1 where the number of pairs is fixed."""
    spending: str | None
    """How a plan shares the error among its looks: ``pocock``; None where the number of pairs is fixed."""
    earlier_looks: int
    """The largest number of earlier looks at runs of some pair of arms."""
    sentences: tuple[str, ...]


def method_of(
    metric: Metric,
    *,
    confidence: float,
    equivalence_margin: float,
    pairs_of_arms: int,
    plan: StoppingPlan | None,
    before: Mapping[tuple[str, str], EarlierLooks],
    arms: Mapping[str, Sequence[RunRecord]],
) -> Method:
    """What was done, for a question, what was looked at before, and the runs of each arm, in the order of the pairs."""
    earlier = max((len(looks.looks) for looks in before.values()), default=0)
    correction = Correction.NONE
    if pairs_of_arms > 1:
        correction = Correction.BONFERRONI if plan or earlier else Correction.HOLM
    looks = 1 if plan is None else len(plan.looks)
    sentences = [
        _paired(arms),
        _compared(metric, arms),
        _verdict(metric, confidence, equivalence_margin),
    ]
    if correction is Correction.HOLM:
        sentences.append(
            f"Holm's method keeps the error of all {pairs_of_arms} pairs of arms together at that of a single one."
        )
    if correction is Correction.BONFERRONI:
        sentences.append(
            f"Each of the {pairs_of_arms} pairs of arms got an equal part of the error (Bonferroni), which keeps that "
            "of all together at that of a single one."
        )
    if correction is not Correction.NONE or plan is not None or earlier:
        order = (
            f", times {pairs_of_arms} for the smallest, one less for each pair that is decided, and never below that "
            "of a pair tested before"
            if correction is Correction.HOLM
            else ", times the whole error over the part that its verdict had"
        )
        sentences.append(
            f"A corrected p value is to be compared with {1 - confidence:.3g}. It is that of the test that decides "
            f"(twice the t test's where pairs are too few for the exact test){order}."
        )
    if plan is not None:
        sentences.append(
            f"The number of pairs was not fixed: a plan made beforehand looks at {looks} numbers of pairs, from "
            f"{plan.start} to {plan.maximum}, and stops when all is decided. Each look spends a part of the error "
            "(Lan and DeMets's alpha spending with Pocock's shape)."
        )
    if earlier:
        sentences.append(
            "Some of the runs were compared before. What earlier looks used is taken off the "
            f"{100 * (1 - confidence):.3g} % allowed here; each look gets half of what is left, and where nothing is "
            "left there is no verdict but one that an earlier look has given already."
        )
    same = sorted({comparison for seen in before.values() for comparison in seen.same})
    if same:
        none = "" if earlier else "No earlier look is charged. "
        sentences.append(f"{none}Looks at exactly these runs, which are free: {', '.join(same)}.")
    return Method(correction, looks, None if plan is None else plan.spending.value, earlier, tuple(sentences))


def _paired(arms: Mapping[str, Sequence[RunRecord]]) -> str:
    """Which runs form the pairs."""
    first, *others = arms.values()
    count = f"{len(first)} seed{'s' * (len(first) > 1)}"
    shared = all([run.seed for run in runs] == [run.seed for run in first] for runs in others)
    if shared:
        return (
            f"Each arm was trained with the same {count}. Runs with the same seed form a pair: it fixes the order of "
            "the training samples, and the initial kernels where shape and initializer are the same."
        )
    return (
        f"Each arm was trained with {count} of its own. The runs with the first seed of each form a pair, and so on: a "
        "pair shares no luck."
    )


def _compared(metric: Metric, arms: Mapping[str, Sequence[RunRecord]]) -> str:
    """Of which network, and how losses are counted."""
    runs = [run for group in arms.values() for run in group]
    restored = any(run.kept is not None and run.kept is not run.epochs[-1] for run in runs)
    kept = (
        "the epoch that early stopping restored where it did, else its last one"
        if restored
        else "its last epoch"
    )
    sentence = (
        f"The comparison uses the {metric.words} of the network that each run keeps: that of {kept}. It never picks "
        f"the epoch that looks best{' by what is compared' if restored else ''}."
    )
    if metric.task is Task.REGRESSION:
        unit = (
            f"R² is 1 less the mean squared error divided by the variance of the {metric.part} samples' targets."
            if metric.figure == "r2"
            else "Errors are in the target's own unit, mean squared ones in its square."
        )
        return (
            f"{sentence} {unit} McNemar's test and what draws other test examples are of right and wrong answers, and "
            "left out where numbers are predicted."
        )
    if metric.figure != "loss":
        return sentence
    return (
        f"{sentence} Losses are compared without the L2 penalty, label smoothing, focal factor and class weights, "
        "which are each arm's own."
    )


def _verdict(metric: Metric, confidence: float, equivalence_margin: float) -> str:
    verdict = (
        f"An arm is called better when Student's {100 * confidence:.4g} % interval of the paired differences "
        "(corrected where this section says so) excludes zero and the exact sign-flip test agrees; with pairs too few "
        "for that test, when the t test reaches half the error."
    )
    if equivalence_margin:
        style = style_of(metric)
        margin = f"{style.difference(equivalence_margin)}{style.unit}"
        verdict += f" Equivalent means that the interval lies within {margin} of zero."
    return f"{verdict} Everything else is not decided, which is not the same as equal."
