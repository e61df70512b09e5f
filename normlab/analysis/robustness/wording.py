"""What is said of robustness, in sentences made from the numbers alone."""

from collections.abc import Sequence

from normlab.analysis.metrics import style_of
from normlab.documents.robustness import EstimateDocument, RobustnessFiguresDocument, StatisticsOrigin
from normlab.spec import DatasetSpec
from normlab.spec.correct_answers import CorrectAnswers
from normlab.spec.metrics import Metric
from normlab.spec.robustness import RobustnessRequest

CONFIDENCE = 0.95
ONE_TEST_SET = (
    "The intervals are over pictures: what this network would do on another test set of the same size. What another "
    "seed of the training would give is not in them."
)
BOTH_DRAWN = (
    "Differences are paired by seed and by picture. Their intervals and p values are for other seeds and another test "
    "set together, which are taken as effects that add up."
)
_STYLE = style_of(Metric.TEST_ACCURACY)


def remarks(
    request: RobustnessRequest, dataset: DatasetSpec, answers: Sequence[CorrectAnswers]
) -> tuple[str, ...]:
    """What to know of the pictures and of the statistics."""
    info = dataset.info
    samples = request.samples_of(info.test_samples, info.shape)
    said = []
    if samples < info.test_samples:
        said.append(
            f"{samples:,} of the {info.test_samples:,} pictures of the test set were taken, by the seed."
        )
    taken = {each.samples for each in answers if each.samples is not None}
    if taken:
        over = "all of these pictures" if taken == {samples} else f"{min(taken):,} of these pictures"
        said.append(
            f"Re-estimated statistics are those of {over}, under one corruption at one severity: a network in use "
            "seldom sees so many pictures of one kind at once."
        )
    return tuple(said)


def network_sentence(
    request: RobustnessRequest,
    trained: RobustnessFiguresDocument,
    re_estimated: RobustnessFiguresDocument | None,
) -> str:
    """What a network comes to."""
    worst = min(trained.corruptions, key=lambda each: each.mean.accuracy)
    cells = f"{len(request.corruptions)} corruption{'s' * (len(request.corruptions) > 1)} at "
    cells += f"{len(request.severities)} severit{'ies' if len(request.severities) > 1 else 'y'}"
    said = (
        f"Accuracy falls from {_percent(trained.clean.accuracy)} to {_percent(trained.mean.accuracy)} on average over "
        f"{cells}, and lowest under {words(worst.corruption)} ({_percent(worst.mean.accuracy)})"
    )
    if re_estimated is None:
        return f"{said}."
    return (
        f"{said}; with statistics re-estimated on the corrupted pictures it is "
        f"{_percent(re_estimated.mean.accuracy)} on average."
    )


def words(corruption: str) -> str:
    """A corruption's name in a sentence."""
    return "JPEG" if corruption == "jpeg" else corruption.replace("_", " ")


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def difference_sentence(
    a: str, b: str, statistics: StatisticsOrigin, pairs: int, relative: EstimateDocument
) -> str:
    """Of two arms. Made of the relative difference: what corruption does, whichever is better on clean pictures."""
    how = " with re-estimated statistics" if statistics is StatisticsOrigin.RE_ESTIMATED else ""
    if relative.difference is None:
        why = "no seed has both" if not pairs else "one of the networks is right about no clean picture"
        return f"{a} and {b} cannot be compared{how}: {why}."
    size = f"{_STYLE.difference(relative.difference, sign=True)}{_STYLE.unit} of it"
    if relative.p_value is None or relative.adjusted_p_value is None:
        return (
            f"Not decided, with one seed of each: {b} keeps {size} more than {a} of its clean accuracy{how}."
        )
    low, high = (_STYLE.difference(end or 0) for end in (relative.interval.low, relative.interval.high))
    evidence = (
        f"({b} minus {a}: {size}; {100 * CONFIDENCE:.3g} % interval {low} to {high}; {pairs} pairs; corrected p = "
        f"{relative.adjusted_p_value:.2g})"
    )
    if relative.adjusted_p_value > 1 - CONFIDENCE:
        return f"Not decided whether {a} or {b} keeps more of its clean accuracy{how} {evidence}."
    more, less = (b, a) if relative.difference > 0 else (a, b)
    return f"{more} keeps more of its clean accuracy than {less}{how} {evidence}."


def multiplicity(compared: int, corruptions: int) -> tuple[str, ...]:
    """What the p values are corrected for; ``compared`` pairs of arms and kinds of statistics."""
    alpha = f"{100 * (1 - CONFIDENCE):.3g} %"
    return (
        "The p values of the means over all corruptions are corrected by Holm's procedure for all pairs of arms and "
        f"kinds of statistics ({compared}), absolute and relative differences apart: each of these two questions errs "
        f"in at most {alpha}.",
        f"Those of single corruptions are corrected for all of them ({compared * corruptions}) likewise. Single "
        "severities are not tested.",
        "Intervals are corrected for nothing: each holds for itself.",
    )
