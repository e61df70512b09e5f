"""Batch normalization: its statistics in training and in use, its batches, what it amplifies."""

from math import sqrt
from typing import NamedTuple

from normlab.analysis.diagnosis.finding import Observation, Severity
from normlab.analysis.diagnosis.observed import Observed
from normlab.analysis.diagnosis.rule import Rule
from normlab.analysis.diagnosis.words import figure, points, share, when
from normlab.spec.graph import kernel_depths
from normlab.spec.layers import BatchNormalization
from normlab.spec.probes.places import Place
from normlab.spec.settling import SETTLED

COST, MUCH_COST = 0.02, 0.05
"""Accuracy that is lost; less than two points is what the choice of statistics costs healthy networks."""
ERRORS = 2.0
"""Standard errors that a loss of accuracy must have, as if the two accuracies did not depend on each other."""
BATCH_COST, MUCH_BATCH_COST = 0.05, 0.1
"""What batch statistics may cost against those of all samples: with batches of 32 a trained network loses about two
points."""
_SAMPLES = 1_000
"""At so many the probe looks unless it is asked for more."""
AMPLIFIED = 5.0
"""The largest gain against the median one, from which on a channel is heard far above all others. Of pixels that use
their range the median gain is about 3, so a constant one, at 31.6, comes to ten."""


class _Accuracies(NamedTuple):
    epoch: int
    batch: float
    moving: float
    population: float


def _accuracies(run: Observed) -> list[_Accuracies]:
    """At the ends of epochs."""
    kinds = ("batch", "moving", "population")
    by_kind = [
        {r.epoch: r.value for r in run.epoch_ends("three_statistics", f"accuracy_{kind}")} for kind in kinds
    ]
    epochs = sorted(set(by_kind[0]).intersection(*by_kind[1:]))
    return [_Accuracies(epoch, *(values[epoch] for values in by_kind)) for epoch in epochs]


def _error(run: Observed, *accuracies: float) -> float:
    """The standard error of a difference of two accuracies."""
    samples = min(run.validation_samples, _SAMPLES)
    return sqrt(sum(accuracy * (1 - accuracy) for accuracy in accuracies) / samples)


def _lost(run: Observed) -> list[_Accuracies]:
    """The epochs at whose end the moving statistics cost accuracy."""
    return [
        at
        for at in _accuracies(run)
        if at.population - at.moving > max(COST, ERRORS * _error(run, at.population, at.moving))
    ]


def _start_share(run: Observed, epoch: int) -> float:
    """The most that is left of the initial statistics at the end of an epoch."""
    return max(
        (run.at(epoch * run.steps, "moving", "start_share", name) or 0.0 for name in _normalizations(run)),
        default=0.0,
    )


def _normalizations(run: Observed) -> tuple[str, ...]:
    return run.layers(Place.BATCH_NORMALIZATION)


def _severity(run: Observed, last: _Accuracies, cost: float, much: float) -> Severity:
    """A cost that is gone at the end was one of reading curves; only a large one at the end is a problem."""
    if last.epoch != _accuracies(run)[-1].epoch:
        return Severity.NOTE
    return Severity.PROBLEM if cost > much else Severity.WARNING


def _stale(run: Observed) -> Observation | None:
    seen = [at for at in _lost(run) if _start_share(run, at.epoch) > SETTLED]
    if not seen:
        return None
    last = seen[-1]
    left, cost = _start_share(run, last.epoch), last.population - last.moving
    layer = max(
        _normalizations(run), key=lambda n: run.at(last.epoch * run.steps, "moving", "start_share", n) or 0.0
    )
    epochs = tuple(at.epoch for at in seen)
    return Observation(
        severity=_severity(run, last, cost, MUCH_COST),
        layers=(layer, *(name for name in _normalizations(run) if name != layer)),
        epochs=epochs,
        numbers={
            "start_share": left,
            "accuracy_moving": last.moving,
            "accuracy_population": last.population,
            "accuracy_batch": last.batch,
            "threshold": SETTLED,
        },
        sentence=f"The moving statistics are stale {when(epochs, run)}: after epoch {last.epoch}, {share(left)} of "
        f"what they began as is left in them, which costs {points(cost)} (accuracy {share(last.moving)} with them, "
        f"{share(last.population)} with those of the data).",
        remedy="A smaller momentum (such as 0.9), or more steps. Do not compare validation curves with other arms "
        "before the statistics have settled.",
    )


def _wrong(run: Observed) -> Observation | None:
    seen = [at for at in _lost(run) if _start_share(run, at.epoch) <= SETTLED]
    if not seen:
        return None
    last = seen[-1]
    cost = last.population - last.moving
    step = last.epoch * run.steps
    gaps = {name: run.at(step, "moving", "variance_gap", name) or 0.0 for name in _normalizations(run)}
    layer = max(gaps, key=lambda name: gaps[name])
    epochs = tuple(at.epoch for at in seen)
    return Observation(
        severity=_severity(run, last, cost, MUCH_COST),
        layers=(layer,),
        epochs=epochs,
        numbers={
            "accuracy_moving": last.moving,
            "accuracy_population": last.population,
            "accuracy_batch": last.batch,
            "variance_gap": gaps[layer],
            "threshold": COST,
        },
        sentence=f"The moving statistics are not those of the data {when(epochs, run)}: accuracy {share(last.moving)} "
        f"with them and {share(last.population)} with those of the data; in {layer} variances are off by a factor of "
        f"{figure(2.718281828 ** gaps[layer])} in the median channel.",
        remedy="A larger momentum where single batches rule the average, a smaller learning rate at the end, or "
        "statistics taken anew over the training data with the final weights.",
    )


def _small_batch(run: Observed) -> Observation | None:
    seen = [at for at in _accuracies(run) if _batch_cost(run, at) > BATCH_COST]
    if not seen or seen[-1].epoch != _accuracies(run)[-1].epoch:
        return None
    last = seen[-1]
    cost = last.population - last.batch
    epochs = tuple(at.epoch for at in seen)
    size = run.spec.training.batch_size
    fewest = min(_values(run), key=lambda name: _values(run)[name])
    return Observation(
        severity=Severity.PROBLEM if cost > MUCH_BATCH_COST else Severity.WARNING,
        layers=(fewest, *(name for name in _normalizations(run) if name != fewest)),
        epochs=epochs,
        numbers={
            "batch_size": size,
            "values": _values(run)[fewest],
            "accuracy_batch": last.batch,
            "accuracy_population": last.population,
            "threshold": BATCH_COST,
        },
        sentence=f"Batches of {size} are too small for batch normalization {when(epochs, run)}: {fewest} takes each "
        f"mean over {_values(run)[fewest]} values, and with such statistics the network has {points(cost)} less "
        f"accuracy than with those of all samples ({share(last.batch)} against {share(last.population)}).",
        remedy="Batches of 16 or more, or layer or group normalization, which need no batch.",
    )


def _batch_cost(run: Observed, at: _Accuracies) -> float:
    """What batch statistics cost, if it is more than its error; else 0."""
    cost = at.population - at.batch
    return cost if cost > ERRORS * _error(run, at.population, at.batch) else 0.0


def _values(run: Observed) -> dict[str, int]:
    """Over how many values each batch normalization takes a mean."""
    size = min(run.spec.training.batch_size, run.spec.dataset.trained_on)
    return {
        item.name: item.layer.values(item.input_shape, size)
        for item in run.planned
        if isinstance(item.layer, BatchNormalization)
    }


def _last_batch(run: Observed) -> Observation | None:
    if run.spec.dataset.trained_on % run.spec.training.batch_size != 1 or run.steps == 1:
        return None
    hit = {
        item.name: item.layer.momentum
        for item in run.planned
        if isinstance(item.layer, BatchNormalization) and item.layer.values(item.input_shape, 1) == 1
    }
    accuracies = _accuracies(run)
    if not hit or not accuracies:
        return None
    layer = min(hit, key=lambda name: hit[name])
    last = accuracies[-1]
    cost = last.population - last.moving
    matters = cost > max(COST, ERRORS * _error(run, last.population, last.moving))
    consequence = (
        f"the accuracy after it is {share(last.moving)} instead of {share(last.population)}"
        if matters
        else "that costs no accuracy here"
    )
    return Observation(
        severity=(Severity.PROBLEM if cost > MUCH_COST else Severity.WARNING) if matters else Severity.NOTE,
        layers=(layer, *(name for name in hit if name != layer)),
        epochs=tuple(at.epoch for at in accuracies),
        numbers={
            "variance_kept": hit[layer],
            "accuracy_moving": last.moving,
            "accuracy_population": last.population,
        },
        sentence=f"The last batch of each epoch has one sample: in {layer} its variance is 0, which takes the moving "
        f"variance {share(1 - hit[layer])} of the way to 0 just before the evaluation; {consequence}.",
        remedy="Another batch size, or one training sample less.",
    )


def _amplified(run: Observed) -> Observation | None:
    seen: dict[str, tuple[int, float, float, float]] = {}
    for name in _normalizations(run):
        for largest in run.epoch_ends("gain", "max", name):
            median = run.at(largest.step, "gain", "median", name) or 0.0
            flat = run.at(largest.step, "gain", "flat_share", name) or 0.0
            if flat > 0 and largest.value > AMPLIFIED * median:
                seen[name] = (largest.epoch, largest.value, median, flat)
    if not seen:
        return None
    layer = next(iter(seen))
    epoch, largest_gain, median, flat = seen[layer]
    raw = layer in _of_the_input(run)
    alone = "pixel outshouts the picture" if run.spec.dataset.columns is None else "value outshouts the row"
    return Observation(
        severity=Severity.WARNING if raw else Severity.NOTE,
        layers=tuple(seen),
        epochs=tuple({1, epoch}),
        numbers={"gain_max": largest_gain, "gain_median": median, "flat_share": flat, "threshold": AMPLIFIED},
        sentence=f"The layer {layer} amplifies what hardly varies: {share(flat)} of its channels have a variance below "
        f"epsilon, and one is multiplied by {figure(largest_gain)} in use where the median is {figure(median)}"
        f"{f', so a single unusual {alone}' if raw else ''}.",
        remedy="A larger epsilon (such as 0.1) in this layer, or none at all on raw pixels: scale them by constants.",
    )


def _of_the_input(run: Observed) -> set[str]:
    """Batch normalizations of the input itself."""
    depths = kernel_depths(run.planned)
    return {name for name in _normalizations(run) if depths[name] == 0}


def _none(run: Observed) -> str:
    return "" if _normalizations(run) else "the network has no batch normalization"


def _no_last_batch(run: Observed) -> str:
    if why := _none(run):
        return why
    left = run.spec.dataset.trained_on % run.spec.training.batch_size
    if left == 1 and run.steps > 1:
        return ""
    return f"the last batch of an epoch has {left or run.spec.training.batch_size} samples"


def _layers(run: Observed) -> str:
    return f"{len(_normalizations(run))} batch normalizations"


def _three(run: Observed) -> str:
    return f"the accuracy with batch, moving and population statistics at the end of {len(_accuracies(run))} epochs"


_THREE = (("three_statistics", "accuracy_moving"), ("moving", "start_share"))

RULES = (
    Rule(
        "stale_statistics",
        "Have the moving statistics settled?",
        _THREE,
        _stale,
        _three,
        "Wu and Johnson (2021), arXiv 2105.07576",
        _none,
    ),
    Rule(
        "wrong_statistics",
        "Are settled moving statistics those of the data?",
        _THREE,
        _wrong,
        _three,
        "Wu and Johnson (2021), arXiv 2105.07576",
        _none,
    ),
    Rule(
        "batch_too_small",
        "Are batches large enough for batch normalization?",
        (("three_statistics", "accuracy_batch"),),
        _small_batch,
        _three,
        "Wu and He (2018), arXiv 1803.08494",
        _none,
    ),
    Rule(
        "last_batch_of_one",
        "What does a last batch of one sample do?",
        (("three_statistics", "accuracy_moving"),),
        _last_batch,
        _three,
        "arithmetic: the variance of one value is 0",
        _no_last_batch,
    ),
    Rule(
        "amplified_inputs",
        "Is something amplified that hardly varies?",
        (("gain", "max"),),
        _amplified,
        _layers,
        "Galloway et al. (2019), arXiv 1905.02161",
        _none,
    ),
)
"""Of this family."""
