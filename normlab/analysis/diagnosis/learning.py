"""How far the network has come: what the epochs' own numbers say."""

from math import sqrt
from typing import NamedTuple

from normlab.analysis.diagnosis.finding import Observation, Severity
from normlab.analysis.diagnosis.observed import Observed
from normlab.analysis.diagnosis.rule import Rule
from normlab.analysis.diagnosis.words import figure, points, share
from normlab.spec.epochs import EpochMetrics

CEILING = 0.95
"""The training loss, in that of equal probabilities: less than a twentieth of what there is to learn was learned."""
SOON = 5
"""Epochs: a network whose loss, falling as in its last one, is below the ceiling after so many more is on its way. One
that is stuck may still lose what its first outputs were off by, which is less."""
GUESS = 2.0
"""Times the accuracy of guessing, below which a network of such a loss has left its start in no other way either."""
RISEN = 2.0
"""The training loss at the end against its least: it has not only stopped falling."""
OVERFIT_RISE, RISE_OF_LOSS_ERRORS = 0.1, 2.0
"""What the validation loss has risen by since its least, as a part of it, and in its standard errors: the least is
picked, so with few samples it lies low by luck."""
OVERFIT_GAP, ERRORS = 0.05, 3.0
"""Training above validation accuracy: five points, and so many standard errors."""
RISE_PART, RISE_ERRORS = 1 / 3, 2.0
"""The last part of the epochs whose rise is looked at, and the standard errors that it must have."""
FOLLOWS = 0.5
"""Where validation samples are too few to show a rise: so much of the training accuracy's has to be seen in theirs."""
ANNEALED = 0.1
"""Below this part of its largest learning rate a run is at its schedule's end: more epochs of it would not help."""


def _loss(epoch: EpochMetrics) -> float:
    """The plain training loss: of numbers the squared error, as a part of their variance."""
    if epoch.r2 is not None:
        return 1 - epoch.r2
    return epoch.loss if epoch.cross_entropy is None else epoch.cross_entropy


def _val_loss(epoch: EpochMetrics) -> float | None:
    if epoch.val_mse is not None:
        return epoch.val_mse
    return epoch.val_loss if epoch.val_cross_entropy is None else epoch.val_cross_entropy


def _at_ceiling(run: Observed) -> Observation | None:
    guess = 1.0 if run.predicts_numbers else GUESS / run.classes
    seen = [
        e.epoch for e in run.epochs if _loss(e) > CEILING * run.guess_loss and (e.accuracy or 0.0) < guess
    ]
    if not seen or seen[-1] != run.epochs[-1].epoch:
        return None
    if run.predicts_numbers and len(seen) < len(run.epochs):  # it had left its start, and came back
        return None
    last = run.epochs[-1]
    fallen = _loss(run.epochs[-2]) - _loss(last) if len(run.epochs) > 1 else 0.0
    if len(run.epochs) == 1:
        stalls, so_far = False, "; one epoch does not show whether it will"
    elif _loss(last) - SOON * fallen < CEILING * run.guess_loss:
        stalls, so_far = False, f", and it still falls, by {figure(fallen)} in the last epoch"
    else:
        stalls, so_far = True, ""
    what = "never left its start" if stalls else "not left its start yet"
    return Observation(
        severity=Severity.PROBLEM if stalls else Severity.NOTE,
        layers=(),
        epochs=tuple(seen),
        numbers={
            "loss": _loss(last),
            "guess_loss": run.guess_loss,
            **({} if last.accuracy is None else {"accuracy": last.accuracy}),
            "fallen": fallen,
            "threshold": CEILING,
        },
        sentence=f"The network has {what}: after {last.epoch} epoch{'s' * (last.epoch > 1)} its training loss is "
        f"{figure(_loss(last))}, and that of {_guess_words(run)} is {figure(run.guess_loss)}{so_far}.",
        remedy="What else was found says where it fails; with nothing else found, a larger learning rate."
        if stalls
        else "More epochs, or a larger learning rate.",
    )


def _guess_words(run: Observed) -> str:
    if run.predicts_numbers:
        return "always answering the mean, both as parts of the targets' variance,"
    return f"equal probabilities for {run.classes} classes"


def _rising_loss(run: Observed) -> Observation | None:
    at_start = run.at_start("gradient", "loss")
    losses = [] if at_start is None else [(0, at_start)]
    losses += [(epoch.epoch, _loss(epoch)) for epoch in run.epochs]
    (best, least), (last, loss) = min(losses, key=lambda item: item[1]), losses[-1]
    if loss < RISEN * least or loss < CEILING * run.guess_loss / 2:
        return None
    then = f"in epoch {best}" if best else "at the start"
    return Observation(
        severity=Severity.PROBLEM,
        layers=(),
        epochs=tuple(epoch for epoch, _ in losses if epoch > best),
        numbers={"loss": loss, "least_loss": least, "threshold": RISEN},
        sentence=f"Training diverges: the training loss was {figure(least)} {then} and is {figure(loss)} in epoch "
        f"{last}.",
        remedy="A smaller learning rate, one that falls in the course of the run, or gradient clipping.",
    )


def _overfitting(run: Observed) -> Observation | None:
    curve = [(epoch, value) for epoch in run.epochs if (value := _val_loss(epoch)) is not None]
    if len(curve) < 2:
        return None
    (last, last_loss), (best, least) = curve[-1], min(curve, key=lambda item: item[1])
    if last.mse is not None:
        return _overfitting_of_numbers(run, (last, last_loss), (best, least))
    if last.accuracy is None or last.val_accuracy is None:
        return None
    gap = last.accuracy - last.val_accuracy
    error = sqrt(
        last.val_accuracy * (1 - last.val_accuracy) / run.validation_samples
        + last.accuracy * (1 - last.accuracy) / run.spec.dataset.trained_on
    )
    rise = max(OVERFIT_RISE, RISE_OF_LOSS_ERRORS * _loss_error(run, last.val_accuracy))
    if last_loss < (1 + rise) * least or gap < max(OVERFIT_GAP, ERRORS * error):
        return None
    return Observation(
        severity=Severity.WARNING,
        layers=(),
        epochs=(best.epoch + 1, last.epoch),
        numbers={"val_loss": last_loss, "least_val_loss": least, "gap": gap, "threshold": 1 + rise},
        sentence=f"The network overfits from epoch {best.epoch + 1} on: its validation loss rises from "
        f"{figure(least)} to {figure(last_loss)}, and it is {points(gap)} better on what it was trained on than on "
        "validation samples.",
        remedy="Early stopping with restore_best_weights, dropout, a smaller network, or more training samples.",
    )


def _overfitting_of_numbers(
    run: Observed, last: tuple[EpochMetrics, float], best: tuple[EpochMetrics, float]
) -> Observation | None:
    """By mean squared errors. Where errors are about normal, that of n samples has a standard error of the root of
    2 / n, as a part of it."""
    (epoch, last_mse), (best_epoch, least) = last, best
    of_validation, of_training = 2 / run.validation_samples, 2 / run.spec.dataset.trained_on
    rise = max(OVERFIT_RISE, RISE_OF_LOSS_ERRORS * sqrt(of_validation))
    gap = max(OVERFIT_RISE, ERRORS * sqrt(of_validation + of_training))
    if epoch.mse is None or last_mse < (1 + rise) * least or last_mse < (1 + gap) * epoch.mse:
        return None
    times = last_mse / epoch.mse if epoch.mse else float("inf")
    return Observation(
        severity=Severity.WARNING,
        layers=(),
        epochs=(best_epoch.epoch + 1, epoch.epoch),
        numbers={"val_loss": last_mse, "least_val_loss": least, "times": times, "threshold": 1 + rise},
        sentence=f"The network overfits from epoch {best_epoch.epoch + 1} on: its mean squared error on validation "
        f"samples rises from {figure(least)} to {figure(last_mse)}, which is {figure(times)} times that on what it was "
        "trained on.",
        remedy="Early stopping with restore_best_weights, dropout, a smaller network, or more training samples.",
    )


def _loss_error(run: Observed, accuracy: float) -> float:
    """The standard error of a mean loss, as a part of it.

    Nearly all of it comes from the wrong answers. If k of them are expected and their losses are spread as an
    exponential variable, the sum is compound Poisson: its variance is 2 k times the square of their mean.
    """
    wrong = max(1.0, (1 - accuracy) * run.validation_samples)
    return sqrt(2 / wrong)


class _Rise(NamedTuple):
    """Of an accuracy in the last part of a run."""

    before: float
    now: float
    samples: int

    @property
    def size(self) -> float:
        """How much it rose."""
        return self.now - self.before

    @property
    def error(self) -> float:
        """The standard error of that."""
        return sqrt((self.before * (1 - self.before) + self.now * (1 - self.now)) / self.samples)

    @property
    def is_certain(self) -> bool:
        """Whether it is more than chance."""
        return self.size > RISE_ERRORS * self.error


def _unfinished(run: Observed) -> Observation | None:
    rates = [epoch.learning_rate for epoch in run.epochs]
    if rates[-1] < ANNEALED * max(rates):
        return None
    part = max(1, round(len(run.epochs) * RISE_PART))
    before, last = run.epochs[-1 - part], run.epochs[-1]
    if run.predicts_numbers:
        return _unfinished_of_numbers(run, before, last)
    if before.accuracy is None or last.accuracy is None:
        return None
    trained = _Rise(before.accuracy, last.accuracy, run.spec.dataset.trained_on)
    rise = trained
    if before.val_accuracy is not None and last.val_accuracy is not None:
        rise = _Rise(before.val_accuracy, last.val_accuracy, run.validation_samples)
    behind = (
        trained.now < rise.now
    )  # what is learned of the training samples is no more than what holds elsewhere
    if not rise.is_certain and not (trained.is_certain and (behind or rise.size > FOLLOWS * trained.size)):
        return None
    return Observation(
        severity=Severity.NOTE,
        layers=(),
        epochs=(before.epoch + 1, last.epoch),
        numbers={"before": rise.before, "at_end": rise.now, "threshold": RISE_ERRORS * rise.error},
        sentence=f"Training has not finished: accuracy still rose from {share(rise.before)} to {share(rise.now)} in "
        f"the last {'epoch' if part == 1 else f'{part} epochs'}.",
        remedy="More epochs, or a larger learning rate.",
    )


def _unfinished_of_numbers(run: Observed, before: EpochMetrics, last: EpochMetrics) -> Observation | None:
    first, now = _val_loss(before), _val_loss(last)
    if first is None or now is None:
        first, now = before.mse, last.mse
    if first is None or now is None:
        return None
    error = first * sqrt(2 / run.validation_samples)
    if first - now <= RISE_ERRORS * error:
        return None
    epochs = last.epoch - before.epoch
    return Observation(
        severity=Severity.NOTE,
        layers=(),
        epochs=(before.epoch + 1, last.epoch),
        numbers={"before": first, "at_end": now, "threshold": RISE_ERRORS * error},
        sentence=f"Training has not finished: the mean squared error still fell from {figure(first)} to {figure(now)} "
        f"in the last {'epoch' if epochs == 1 else f'{epochs} epochs'}.",
        remedy="More epochs, or a larger learning rate.",
    )


def _unvalidated(run: Observed) -> str:
    return "" if run.spec.dataset.held_out else "no samples are held out for validation"


def _epochs(run: Observed) -> str:
    figures = "squared errors" if run.predicts_numbers else "losses and accuracies"
    return f"the {figures} of {len(run.epochs)} epoch{'s' * (len(run.epochs) != 1)}"


RULES = (
    Rule(
        "loss_at_ceiling",
        "Has the network left its start?",
        (),
        _at_ceiling,
        _epochs,
        "the cross-entropy of equal probabilities is the logarithm of the number of classes; the mean squared error of "
        "the mean is the variance",
        least_epochs=1,
    ),
    Rule(
        "training_diverges",
        "Does the training loss rise again?",
        (),
        _rising_loss,
        _epochs,
        "the training loss itself",
        least_epochs=2,
    ),
    Rule(
        "overfitting",
        "Does it still get better on samples that it was not trained on?",
        (),
        _overfitting,
        _epochs,
        "Prechelt (1998), Early stopping - but when?",
        _unvalidated,
        least_epochs=2,
    ),
    Rule(
        "training_unfinished",
        "Has training finished?",
        (),
        _unfinished,
        _epochs,
        "the standard error of a difference of two shares",
        least_epochs=2,
    ),
)
"""Of this family."""
