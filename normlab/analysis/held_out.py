"""Caveats on validation and test sets: what their size, and a second one beside that of the verdict, leave open."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from normlab.analysis.metrics import style_of
from normlab.analysis.records import RunRecord
from normlab.analysis.verdict import Verdict
from normlab.errors import SpecError
from normlab.spec import parse_job_spec
from normlab.spec.metrics import Metric, Part

if TYPE_CHECKING:
    from normlab.analysis.comparison import PairReport

SMALL_SET = 1000
"""Examples of a validation set below which a single one is more than 0.1 points of accuracy."""


def small_validation_set(arms: Mapping[str, Sequence[RunRecord]], metric: Metric) -> Iterable[str]:
    """Where the validation set that decides is so small that another one could well decide otherwise."""
    if metric.figure == "loss" or metric.part is not Part.VALIDATION:
        return
    sizes = {size for runs in arms.values() for size in [_validation_samples(runs[0])] if size}
    smallest = min(sizes, default=SMALL_SET)
    if smallest < SMALL_SET:
        single = (
            f", of which a single one is {100 / smallest:.2g} points" if metric is Metric.VAL_ACCURACY else ""
        )
        yield (
            f"The intervals are about seeds only, for this one validation set of {smallest} examples{single}: another "
            "validation set could give another difference."
        )


def _validation_samples(run: RunRecord) -> int | None:
    try:
        return parse_job_spec(dict(run.spec)).dataset.held_out
    except SpecError:
        return None


def disagreeing_test_set(pairs: Sequence["PairReport"], metric: Metric) -> Iterable[str]:
    """Where the test set says something else than the seeds, or than the verdict by another metric."""
    style = style_of(Metric.TEST_ACCURACY)
    for pair in pairs:
        names = f"{pair.b} against {pair.a}"
        decided_here = metric is Metric.TEST_ACCURACY
        undecided = pair.comparison.verdict is Verdict.INCONCLUSIVE
        if not decided_here and undecided and pair.variance and pair.variance.interval.excludes_zero():
            yield (
                f"{names}: by the test accuracy the interval, corrected for nothing, excludes zero. This does not "
                f"count: the comparison is by the {metric.words}, and to pick the metric that decides is a look more."
            )
        test_set = pair.test_set
        if not decided_here or test_set is None or test_set.interval.excludes_zero():
            continue
        if pair.comparison.interval.excludes_zero():
            low, high = (style.difference(end, sign=True) for end in test_set.interval)
            yield (
                f"{names}: another test set of {test_set.examples:,} examples could turn the difference around; drawn "
                f"anew, its interval is {low} to {high}{style.unit}."
            )
