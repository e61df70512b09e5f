"""The loss: along the gradient of a training batch, and on what was trained on."""

from collections.abc import Iterable

import numpy as np

from normlab.spec.measurements import WHOLE_NETWORK
from normlab.spec.probes.landscape import STEP_FACTORS
from normlab.training.probes.base import Probe, Reading, Snapshot, first, norm, ratio


class PredictivenessProbe(Probe):
    """How far the loss and its gradient hold along a step."""

    name = "predictiveness"
    uses = ("gradients",)

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        step, here = snapshot.real_step, snapshot.moment.step_gradients
        if step is None or here is None:
            return
        instrument, before = snapshot.moment.instrument, step.before
        g, losses, changes, slopes = here.weights.values, [here.loss], [], []
        length = norm(g)
        for size in (factor * step.learning_rate for factor in STEP_FACTORS):
            there = instrument.gradients(
                before.with_values(before.values - g.dtype.type(size) * g), step.batch
            )
            losses.append(there.loss)
            changes.append(ratio(norm(there.weights.values - g), length))
            slopes.append(ratio(changes[-1], size))
        yield WHOLE_NETWORK, "loss_range", ratio(max(losses) - min(losses), here.loss)
        yield WHOLE_NETWORK, "gradient_change", float(np.max(changes))
        yield WHOLE_NETWORK, "smoothness", float(np.max(slopes))


class SharpnessProbe(Probe):
    """Curvature along the gradient, in units of the edge of stability."""

    name = "sharpness"
    uses = ("curvature",)

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        step = snapshot.real_step
        if step is None:
            return
        curvature = snapshot.moment.instrument.curvature(step.before, step.batch)
        yield WHOLE_NETWORK, "batch_sharpness", curvature * step.learning_rate / 2


class FitProbe(Probe):
    """How well the network in use fits a fixed set of training samples."""

    name = "fit"

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        moment = snapshot.moment
        samples = first(moment.probe_batch, snapshot.samples)
        seen = moment.instrument.passage(moment.weights, samples, group=samples.count, moving=True)
        yield WHOLE_NETWORK, "loss", float(seen.losses.mean(dtype=np.float64))
        if seen.correct is not None:
            yield WHOLE_NETWORK, "accuracy", float(seen.correct.mean())
