"""Internal covariate shift, by its two definitions."""

from collections.abc import Iterable

import numpy as np

from normlab.spec.probes.places import Place
from normlab.training.layers.network import Array
from normlab.training.probes.activations import spread
from normlab.training.probes.base import Probe, Reading, Snapshot, cosine, norm, ratio, rms, units

ROWS = 256
UNITS = 256
"""So many values of so many units are kept from point to point, evenly spread. All are of the same samples, so that a
distance is no larger for being of few."""
FLOOR = 1e-3
"""The least deviation of a unit, in RMS of its layer: below it a distance in deviations says nothing."""


class DistributionShiftProbe(Probe):
    """How far the distribution of a unit's values has moved (Ioffe and Szegedy 2015)."""

    name = "distribution_shift"

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        passage, notes = snapshot.passage, snapshot.notes
        for layer in Place.KERNELS.layers(snapshot.planned):
            for what, values in (
                ("input", passage.inputs[layer]),
                ("preactivation", passage.preactivations[layer]),
            ):
                now, key = kept(values), f"{layer}/{what}"
                if snapshot.step:
                    before, start = notes.get(f"{key}/before", now), notes.get(f"{key}/start", now)
                    yield layer, what, median_shift(before, now)
                    yield layer, f"{what}_from_start", median_shift(start, now)
                notes.setdefault(f"{key}/start", now)
                notes[f"{key}/before"] = now
            if snapshot.step:
                yield layer, "floored", float((now.std(0) < FLOOR * rms(now)).mean())


def kept(values: Array) -> Array:
    """Some values of some units (rows, units), each unit's sorted."""
    some = spread(units(values), ROWS)
    some = np.array(spread(some.T, UNITS), order="C")  # a copy: what TensorFlow gave is not to be written
    some.sort(1)
    return some.T


def median_shift(before: Array, now: Array) -> float:
    """The median over units of the Wasserstein-1 distance between two samples of equal size, sorted (rows, units), in
    deviations: the mean distance of their values in order, divided by the deviation before."""
    distance = np.abs(now - before).mean(0)
    return float(np.median(distance / np.maximum(before.std(0), max(FLOOR * rms(before), 1e-30))))


class GradientShiftProbe(Probe):
    """How much a kernel's gradient changes when the layers below it take their real step (Santurkar et al. 2018)."""

    name = "gradient_shift"
    uses = ("gradients", "moved_gradients")

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        step, plain = snapshot.real_step, snapshot.moment.step_gradients
        if step is None or plain is None:
            return
        moved = snapshot.moment.instrument.moved_gradients(step.before, step.after, step.batch)
        for layer in Place.KERNELS_BUT_FIRST.layers(snapshot.planned):
            one, other = plain.weights.kernel(layer), moved[layer]
            yield layer, "relative", ratio(norm(one - other), norm(one))
            yield layer, "cosine", cosine(one, other)
