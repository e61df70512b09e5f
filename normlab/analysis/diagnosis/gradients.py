"""Gradients by depth, and what a step makes of them."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from normlab.analysis.diagnosis.finding import Observation, Severity
from normlab.analysis.diagnosis.observed import Observed, affected
from normlab.analysis.diagnosis.rule import Rule
from normlab.analysis.diagnosis.words import figure, named, part_of, share, when
from normlab.spec.graph import reaches_the_end
from normlab.spec.probes.places import Place

FAR = 1e-3
"""First against last hidden layer: with a gradient so much smaller a layer takes a thousand times as many steps as the
other. Healthy networks stay far from it (docs/diagnosis.md); its inverse is the bound for exploding ones."""
FIRST_STEP = 2
"""Earlier points are not judged: batch normalization itself makes gradients grow with depth at step 0, and a step later
they do so far less (Yang et al. 2019)."""
MOVED = 0.01
"""A kernel whose steps add up to less than this part of its norm is, at the end of the run, what it was drawn as."""
STUCK = 0.05
"""So much less than the layer that moves most has to move one that is said to be left behind by the others."""
BEGINNING = 1e-4
"""A step of this part of a kernel's norm is a tenth of a usual one: if the fastest layer takes such steps and none has
moved yet, the run has only begun."""
JUMP = 0.3
"""A step of this part of a kernel's norm: three of them are as long as the kernel itself, and what it had learned is
overwritten within a few steps. The rule of thumb is 0.001."""
PENALTY = 0.9
"""The penalty's share of a kernel's gradient. At a minimum of the penalized loss the two parts are equal, and the share
is one half; above 0.9 the cross-entropy has a ninth of the penalty's part."""


class _Depth(NamedTuple):
    """Gradients at one point."""

    step: int
    epoch: int
    ratio: float
    """First against last hidden layer."""
    factor: float
    """From layer to layer, toward the input."""


def _by_depth(run: Observed) -> Iterator[_Depth]:
    first, last = run.hidden[0], run.hidden[-1]
    factors = {r.step: r.value for r in run.readings("gradient", "factor_per_layer")}
    ends = {r.step: r.value for r in run.readings("gradient", "preactivation_rms", last)}
    for reading in run.readings("gradient", "preactivation_rms", first):
        end = ends.get(reading.step, 0.0)
        if reading.step >= FIRST_STEP and end > 0:
            ratio = reading.value / end
            factor = factors.get(reading.step, ratio ** (1 / max(len(run.hidden) - 1, 1)))
            yield _Depth(reading.step, reading.epoch, ratio, factor)


def _shallow(run: Observed) -> str:
    return "" if len(run.hidden) > 1 else "the network has fewer than two hidden layers with a kernel"


def _vanishing(run: Observed) -> Observation | None:
    points = [*_by_depth(run)]
    seen = [point for point in points if 0 < point.ratio < FAR and not _cut_off(run, point.step)]
    if len(seen) < 2:
        return None
    worst = seen[-1]
    reference = run.at(worst.step, "gradient", "preactivation_rms", run.hidden[-1]) or 1.0
    small = tuple(
        name
        for name in run.hidden
        if (run.at(worst.step, "gradient", "preactivation_rms", name) or 0.0) < FAR * reference
    )
    stays = seen[-1] is points[-1]
    return Observation(
        severity=Severity.PROBLEM if stays else Severity.WARNING,
        layers=small,
        epochs=tuple(point.epoch for point in seen),
        numbers={"first_to_last": worst.ratio, "factor_per_layer": worst.factor, "threshold": FAR},
        sentence=f"Gradients vanish toward the input: in {run.hidden[0]} they are {part_of(worst.ratio)} of those in "
        f"{run.hidden[-1]}, a factor of {figure(worst.factor)} a layer, {when([p.epoch for p in seen], run)}"
        f"{'' if stays else ', and no longer at the end'}.",
        remedy="Batch normalization before each activation, ReLU or its kin instead of a sigmoid with an initializer "
        "that fits it (he_normal), or fewer layers.",
    )


def _cut_off(run: Observed, step: int) -> bool:
    """Whether the first hidden layer gets no gradient, since on each way to it a layer lies in which no unit is active:
    then that is the finding. A shortcut around such a layer is a way."""
    dead = {name for name in run.layers(Place.RELU) if run.at(step, "dead", "active", name) == 0}
    return not reaches_the_end(run.planned, run.hidden[0], without=dead)


def _exploding(run: Observed) -> Observation | None:
    points = [*_by_depth(run)]
    seen = [point for point in points if point.ratio > 1 / FAR]
    if len(seen) < 2:
        return None
    worst = max(seen, key=lambda point: point.ratio)
    return Observation(
        severity=Severity.PROBLEM if seen[-1] is points[-1] else Severity.WARNING,
        layers=(run.hidden[0],),
        epochs=tuple(point.epoch for point in seen),
        numbers={"first_to_last": worst.ratio, "factor_per_layer": worst.factor, "threshold": 1 / FAR},
        sentence=f"Gradients explode toward the input: in {run.hidden[0]} they are {figure(worst.ratio)} times those "
        f"in {run.hidden[-1]}, a factor of {figure(worst.factor)} a layer, {when([p.epoch for p in seen], run)}.",
        remedy="An initializer of a smaller scale (lecun_normal or glorot_uniform where the activation is no ReLU), "
        "normalization, or gradient clipping.",
    )


def _paths(run: Observed) -> dict[str, float]:
    """How long a way each kernel has gone at most, in its own norm: steps between two points count as the larger of
    both."""
    found = {}
    for name in run.layers(Place.KERNELS):
        readings = run.readings("update", "ratio", name)
        if not readings or readings[-1].step < run.steps:
            continue
        way = readings[0].value * readings[0].step
        way += sum((b.step - a.step) * max(a.value, b.value) for a, b in pairwise(readings))
        found[name] = way
    return found


def _not_learning(run: Observed) -> Observation | None:
    paths = _paths(run)
    most = max(paths.values(), default=0.0)
    alone = most >= MOVED
    still = [name for name, way in paths.items() if way < MOVED and (not alone or way < STUCK * most)]
    if not still or (not alone and most > BEGINNING * run.last_step):
        return None
    ranked = sorted(paths.values())
    median = ranked[len(ranked) // 2]
    least = min(still, key=lambda name: paths[name])
    last_epoch = max(r.epoch for r in run.readings("update", "ratio", least))
    who = {1: f"The layer {named(still)} does", 2: f"The layers {named(still)} do"}.get(
        len(still), f"{named(still)} do"
    )
    others = f", while {max(paths, key=lambda name: paths[name])} moved by {share(most)}" if alone else ""
    return Observation(
        severity=Severity.PROBLEM,
        layers=(least, *(name for name in still if name != least)),
        epochs=(1, last_epoch),
        numbers={"way": paths[least], "median_way": median, "threshold": MOVED},
        sentence=f"{who} not learn: in {last_epoch} epoch{'s' * (last_epoch > 1)} all steps of {least} together come "
        f"to {share(paths[least])} of its kernel's norm{others}.",
        remedy="The gradient has to reach these layers: see what else was found."
        if alone
        else "A larger learning rate, or more steps: the whole network is nearly what it was drawn as.",
    )


def _jumping(run: Observed) -> Observation | None:
    seen: dict[str, list[tuple[int, float]]] = {}
    for name in run.layers(Place.KERNELS):
        readings = run.readings("update", "ratio", name)
        for before, now in pairwise(readings):
            if min(before.value, now.value) > JUMP:
                seen.setdefault(name, []).append((now.epoch, now.value))
    if not seen:
        return None
    worst = max(seen, key=lambda name: max(value for _, value in seen[name]))
    largest = max(value for _, value in seen[worst])
    epochs = tuple(epoch for points in seen.values() for epoch, _ in points)
    return Observation(
        severity=Severity.PROBLEM,
        layers=(worst, *(name for name in seen if name != worst)),
        epochs=epochs,
        numbers={"ratio": largest, "threshold": JUMP},
        sentence=f"Steps are too large: one step changes the kernel of {worst} by {share(largest)} of its norm, "
        f"{when(epochs, run)}. About 0.1 % is usual.",
        remedy="A smaller learning rate, a warm-up, or gradient clipping.",
    )


def _penalized(run: Observed) -> Observation | None:
    seen = {
        name: over
        for name in run.layers(Place.KERNELS)
        if (over := [r for r in run.epoch_ends("gradient", "penalty_share", name) if r.value > PENALTY])
    }
    if not seen:
        return None
    worst, value, layers, epochs = affected(seen)
    return Observation(
        severity=Severity.WARNING,
        layers=layers,
        epochs=epochs,
        numbers={"penalty_share": value, "threshold": PENALTY},
        sentence=f"The L2 penalty, not the data, moves {named(tuple(seen))}: it is {share(value)} of the gradient of "
        f"{worst}, {when(epochs, run)}.",
        remedy="A smaller l2. Straight before batch normalization it does not restrain the network at all: there it is "
        "a schedule of the effective learning rate.",
    )


def _without_penalty(run: Observed) -> str:
    with_l2 = any(item.layer.penalties for item in run.planned)
    return "" if with_l2 else "no layer has a penalty"


def _kernels(run: Observed) -> str:
    return f"the kernels of {len(run.layers(Place.KERNELS))} layers"


RULES = (
    Rule(
        "vanishing_gradients",
        "Do gradients get lost on their way to the input?",
        (("gradient", "preactivation_rms"),),
        _vanishing,
        lambda run: f"the gradient of {len(run.hidden)} hidden layers from step {FIRST_STEP} on",
        "Glorot and Bengio (2010)",
        _shallow,
    ),
    Rule(
        "exploding_gradients",
        "Do gradients grow on their way to the input?",
        (("gradient", "preactivation_rms"),),
        _exploding,
        lambda run: f"the gradient of {len(run.hidden)} hidden layers from step {FIRST_STEP} on",
        "Pascanu, Mikolov and Bengio (2013), arXiv 1211.5063; at the start: Yang et al. (2019), arXiv 1902.08129",
        _shallow,
    ),
    Rule(
        "layer_not_learning",
        "Does each layer move?",
        (("update", "ratio"),),
        _not_learning,
        _kernels,
        "update ratio: Karpathy, CS231n notes",
    ),
    Rule(
        "steps_too_large",
        "Does a step overwrite what a layer has learned?",
        (("update", "ratio"),),
        _jumping,
        _kernels,
        "update ratio: Karpathy, CS231n notes",
    ),
    Rule(
        "penalty_dominates",
        "Is it the data that moves the kernels, or the penalty?",
        (("gradient", "penalty_share"),),
        _penalized,
        _kernels,
        "van Laarhoven (2017), arXiv 1706.05350",
        _without_penalty,
    ),
)
"""Of this family."""
