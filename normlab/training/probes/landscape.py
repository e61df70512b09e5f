"""The loss along the gradient of a training batch."""

from collections.abc import Iterable

import numpy as np

from normlab.spec.measurements import WHOLE_NETWORK
from normlab.spec.probes.landscape import STEP_FACTORS
from normlab.training.probes.base import Probe, Reading, Snapshot, norm, ratio


class PredictivenessProbe(Probe):
    """How far the loss and its gradient hold along a step."""

    name = "predictiveness"
    uses = ("gradients", "along")

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        step, here = snapshot.real_step, snapshot.moment.step_gradients
        if step is None or here is None:
            return
        g, length = here.weights.values, norm(here.weights.values)
        sizes = [factor * step.learning_rate for factor in STEP_FACTORS]
        losses, distances = snapshot.moment.instrument.along(step.before, step.batch, g, sizes)
        losses = np.append(losses, here.loss)
        changes = [ratio(float(distance), length) for distance in distances]
        slopes = [ratio(change, size) for change, size in zip(changes, sizes, strict=True)]
        yield WHOLE_NETWORK, "loss_range", ratio(float(np.ptp(losses)), here.loss)
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
