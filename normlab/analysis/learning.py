"""Whether there was something to compare: arms that have learned nothing, and curves that still rise at the end."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from normlab.analysis.datasets import facts_of
from normlab.analysis.metrics import style_of
from normlab.analysis.records import RunRecord
from normlab.spec.columns import Task
from normlab.spec.metrics import Metric
from normlab.spec.runs import GUESS_LEVEL

NOTABLE_GAIN = {True: 0.005, False: 0.02}
"""What a curve has to gain at its end to be called rising: of an accuracy half a point, of R² as much, of a loss or an
error a part of itself."""

_GUESSES = {
    Task.CLASSIFICATION: ("accuracy", "guessing"),
    Task.REGRESSION: ("squared error", "that of always answering the mean of the training rows"),
}

_LAST_PART = 0.2
"""The part of the epochs that is the end of a curve."""

_MOST_RUNS = 0.8
"""The part of an arm's runs that has to gain."""


def learning_caveats(arms: Mapping[str, Sequence[RunRecord]], metric: Metric) -> Iterable[str]:
    """What to know of how far the arms' runs have come."""
    nothing_learned = arms_that_guess(arms)
    for name, runs in arms.items():
        guessing = [run for run in runs if cannot_be_told_from_guessing(run)]
        if guessing:
            figure, guess = _GUESSES[metric.task]
            count = f"the {figure} of {len(guessing)} of {len(runs)} run{'s' * (len(runs) > 1)}"
            yield (
                f"{name} has learned nothing that shows: {count} cannot be told from {guess}."
                if name in nothing_learned
                else f"{name}: {count} cannot be told from {guess}."
            )
    rising = {name: gain for name, runs in arms.items() if (gain := _gain(runs, metric.along_epochs))}
    if rising:
        style = style_of(metric)
        listed = ", ".join(
            f"{name} by {style.difference(gain)}{style.unit} in {_last(epochs)}"
            for name, (gain, epochs) in rising.items()
        )
        verb = "rise" if metric.higher_is_better else "fall"
        yield (
            f"The curves still {verb} when training ends ({listed}): what is compared is how far the arms come by "
            "then, not where they would end."
        )


def arms_that_guess(arms: Mapping[str, Sequence[RunRecord]]) -> tuple[str, ...]:
    """The arms of which no run's accuracy can be told from guessing."""
    return tuple(name for name, runs in arms.items() if runs and all(map(cannot_be_told_from_guessing, runs)))


def _last(epochs: int) -> str:
    return "the last epoch" if epochs == 1 else f"the last {epochs} epochs"


def cannot_be_told_from_guessing(run: RunRecord) -> bool:
    """Whether guessing could well have reached the run's accuracy, by the exact binomial test.

    Its job has recorded that of always answering the test set's most frequent class. Of jobs that have not, it is
    guessing among the classes, on the test set or else the validation set; nothing is said of a dataset that is not
    known here.
    """
    if run.majority_p_value is not None:
        return run.majority_p_value > GUESS_LEVEL
    info = facts_of(run.spec)
    if info is None or info.predicts is Task.REGRESSION:
        return False
    accuracy, samples = run.test_accuracy, info.test_samples
    if accuracy is None and run.kept is not None:
        accuracy, samples = (
            run.kept.val_accuracy,
            run.spec.get("dataset", {}).get("validation_samples") or info.default_validation_samples,
        )
    if accuracy is None or not samples:
        return False
    from scipy import stats  # noqa: PLC0415 - it takes seconds, and most runs are judged without it

    reached = stats.binom.sf(round(accuracy * samples) - 1, samples, 1 / info.class_count)
    return bool(reached > GUESS_LEVEL)


def _gain(runs: Sequence[RunRecord], metric: Metric) -> tuple[float, int] | None:
    """What the arm's metric gains on average over so many last epochs, where nearly all of its runs gain notably."""
    epochs = min((len(run.epochs) for run in runs), default=0)
    if epochs < 2 or any(not run.ended or run.kept is not run.epochs[-1] for run in runs):
        return None
    last = max(1, round(_LAST_PART * epochs))
    gains = []
    for run in runs:
        before, after = metric.at(run.epochs[-1 - last]), metric.at(run.epochs[-1])
        if before is None or after is None:
            return None
        gain = after - before if metric.higher_is_better else before - after
        notable = NOTABLE_GAIN[metric.higher_is_better] * (1 if metric.higher_is_better else abs(after))
        gains.append((gain, gain >= notable))
    if sum(notable for _, notable in gains) < _MOST_RUNS * len(gains):
        return None
    return fmean(gain for gain, _ in gains), last
