"""What a trained network's owner should know before reading its figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, lgamma, log, log1p, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from normlab.spec.class_counts import imbalance
from normlab.spec.epochs import EpochMetrics
from normlab.spec.runs import GUESS_LEVEL, Concern, StopReason
from normlab.spec.settling import SETTLED
from normlab.training.mean_test import MeanTest
from normlab.training.population import PopulationFigures

if TYPE_CHECKING:
    from normlab.training.result import TrainResult

RISE_PART = 1 / 3
"""The last part of a run's epochs whose rise is looked at."""
RISE_ERRORS = 2.0
"""Standard errors of the difference of two accuracies that a rise must have."""
ANNEALED = 0.1
"""Below this part of the largest learning rate a run is at its schedule's end, and more epochs of it would not help."""


@dataclass(frozen=True)
class MajorityTest:
    """An accuracy beside that of always answering the most frequent class."""

    samples: int
    correct: int
    majority_class: int
    majority_share: float
    """The accuracy of always answering that class."""
    p_value: float
    """Of the exact binomial test: how probable so many right answers or more are at that accuracy."""
    imbalance: float
    """Of all classes: how far from equally frequent they are (``normlab.spec.class_counts.imbalance``)."""

    @property
    def accuracy(self) -> float:
        """The fraction that was right."""
        return self.correct / self.samples

    @property
    def is_a_guess(self) -> bool:
        """Whether the accuracy cannot be told from that of the most frequent class."""
        return self.p_value > GUESS_LEVEL


def majority_test(labels: npt.NDArray[Any], correct: int) -> MajorityTest:
    """Compare ``correct`` right answers with the most frequent of ``labels`` (n,)."""
    counts = np.bincount(labels)
    majority, samples = int(counts.argmax()), len(labels)
    share = int(counts[majority]) / samples
    tail = binomial_tail(samples, correct, share)
    return MajorityTest(samples, correct, majority, share, tail, imbalance(labels))


def binomial_tail(samples: int, correct: int, probability: float) -> float:
    """The probability of ``correct`` or more of ``samples``, each with ``probability``.

    >>> round(binomial_tail(10, 8, 0.5), 6)
    0.054688
    """
    if correct <= 0 or probability >= 1:
        return 1.0
    yes, no = log(probability), log1p(-probability)
    total = lgamma(samples + 1)
    terms = (
        total - lgamma(k + 1) - lgamma(samples - k + 1) + k * yes + (samples - k) * no
        for k in range(correct, samples + 1)
    )
    return min(1.0, fsum(exp(term) for term in terms))


@dataclass(frozen=True)
class Remark:
    """A concern in a sentence."""

    concern: Concern
    detail: str


def remarks(result: "TrainResult") -> Iterator[Remark]:
    """All that applies to a run."""
    if result.beside_mean:
        if result.beside_mean["test"].is_a_guess:
            yield Remark(Concern.NOTHING_LEARNED, _no_better_than_the_mean(result.beside_mean))
        elif result.stop_reason is StopReason.COMPLETED and result.kept_epoch == len(result.history):
            yield from _still_falling(result)
    elif result.majority["test"].is_a_guess:
        yield Remark(Concern.NOTHING_LEARNED, _nothing_learned(result))
    elif result.stop_reason is StopReason.COMPLETED and result.kept_epoch == len(result.history):
        yield from _still_rising(result)
    if result.population is not None and result.population.start_share > SETTLED:
        yield Remark(Concern.UNSETTLED_STATISTICS, _unsettled(result, result.population))


def _nothing_learned(result: "TrainResult") -> str:
    test, validation = result.majority["test"], result.majority.get("validation")
    majority = result.spec.dataset.info.classes[test.majority_class]
    said = (
        f"the test accuracy of {_percent(test.accuracy)} ({test.correct} of {test.samples} samples) cannot be told "
        f'from always answering "{majority}", which is right for {_percent(test.majority_share)} (exact binomial test, '
        f"p = {test.p_value:.2g})"
    )
    if validation is None:
        return said
    but = "nor can" if validation.is_a_guess else "though one can tell"
    return (
        f"{said}; {but} the validation accuracy of {_percent(validation.accuracy)} ({validation.correct} of "
        f"{validation.samples}, p = {validation.p_value:.2g})"
    )


def _no_better_than_the_mean(tests: Mapping[str, MeanTest]) -> str:
    test, validation = tests["test"], tests.get("validation")
    said = (
        f"the mean squared error of {test.mse:.4g} on the {test.samples} test samples cannot be told from the "
        f"{test.mean_mse:.4g} of always answering {test.mean:.4g}, the mean of the training rows (paired t test by "
        f"sample, p = {test.p_value:.2g})"
    )
    if validation is None:
        return said
    but = "nor can" if validation.is_a_guess else "though one can tell"
    return (
        f"{said}; {but} that of {validation.mse:.4g} on the validation samples ({validation.mean_mse:.4g} by the mean, "
        f"p = {validation.p_value:.2g})"
    )


def _last_part(history: Sequence[EpochMetrics]) -> tuple[EpochMetrics, EpochMetrics, str] | None:
    """The epochs before and at the end of a run's last part, and how long that is; None where more epochs of its
    schedule would not help."""
    rates = [epoch.learning_rate for epoch in history]
    if len(history) < 2 or rates[-1] < ANNEALED * max(rates):
        return None
    epochs = max(1, round(len(history) * RISE_PART))
    return history[-1 - epochs], history[-1], "epoch" if epochs == 1 else f"{epochs} epochs"


def _still_falling(result: "TrainResult") -> Iterator[Remark]:
    """Whether the mean squared error fell in the last part of the run by more than chance explains: a mean of n squared
    errors that are about normal has a standard error of its root of 2 / n."""
    if (part := _last_part(result.history)) is None:
        return
    first, last, length = part
    what, samples = "validation", result.spec.dataset.held_out
    before, now = first.val_mse, last.val_mse
    if before is None or now is None:
        what, samples, before, now = "training", result.spec.dataset.trained_on, first.mse, last.mse
    if before is not None and now is not None and before - now > RISE_ERRORS * before * sqrt(2 / samples):
        yield Remark(
            Concern.STILL_RISING,
            f"the {what} mean squared error still fell when training ended, from {before:.4g} to {now:.4g} in the last "
            f"{length}, which is more than chance on {samples} samples explains: more epochs or a larger learning rate "
            "may go lower",
        )


def _still_rising(result: "TrainResult") -> Iterator[Remark]:
    """Whether accuracy rose in the last part of the run by more than chance on so many samples explains."""
    if (part := _last_part(result.history)) is None:
        return
    first, last, length = part
    if first.val_accuracy is None or last.val_accuracy is None:
        what, samples, before, now = (
            "training",
            result.spec.dataset.trained_on,
            first.accuracy,
            last.accuracy,
        )
    else:
        what, samples = "validation", result.spec.dataset.held_out
        before, now = first.val_accuracy, last.val_accuracy
    if before is None or now is None:
        return
    error = sqrt((before * (1 - before) + now * (1 - now)) / samples)
    if now - before > RISE_ERRORS * error:
        yield Remark(
            Concern.STILL_RISING,
            f"the {what} accuracy still rose when training ended, from {_percent(before)} to {_percent(now)} in the "
            f"last {length}, which is more than chance on {samples} samples explains: more epochs or a larger learning "
            "rate may go higher",
        )


def _unsettled(result: "TrainResult", population: PopulationFigures) -> str:
    kept, numbers = result.history[result.kept_epoch - 1], bool(result.beside_mean)
    figure, word = ("r2", "R²") if numbers else ("accuracy", "accuracy")
    now = {"validation": getattr(kept, f"val_{figure}"), "test": result.test.named("")[figure]}
    settled = {part: getattr(population, f"{short}_{figure}") for part, short in _SHORT.items()}
    write = "{:.4f}".format if numbers else _percent
    figures = [
        f"{part} {word} {write(now[part])} would be {write(settled[part])}"
        for part in _SHORT
        if now[part] is not None and settled[part] is not None
    ]
    return (
        f"after {population.updates} updates {_percent(population.start_share, 0)} of batch normalization's moving "
        f"statistics is still what they began as (momentum to the power of the updates). With statistics of the "
        f"training data {' and '.join(figures)}: more steps or a smaller momentum settle them"
    )


_SHORT = {"validation": "val", "test": "test"}


def _percent(fraction: float, digits: int = 2) -> str:
    return f"{100 * fraction:.{digits}f} %"
