"""Batch normalization: what its statistics are, and what they should be."""

from collections.abc import Iterable, Iterator

import numpy as np

from normlab.spec.layers import BatchNormalization
from normlab.spec.measurements import WHOLE_NETWORK
from normlab.spec.plan import PlannedLayer
from normlab.training.layers.network import Array
from normlab.training.probes.base import Probe, Reading, Snapshot, in_batches


def _layers(snapshot: Snapshot) -> Iterator[tuple[PlannedLayer, BatchNormalization]]:
    for item in snapshot.planned:
        if isinstance(item.layer, BatchNormalization):
            yield item, item.layer


class MovingProbe(Probe):
    """How far the moving statistics are from those of the probe batch."""

    name = "moving"

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        for item, layer in _layers(snapshot):
            own = snapshot.weights.by_layer[item.name]
            mean, variance = snapshot.passage.means[item.name], snapshot.passage.variances[item.name]
            means = np.abs(own["moving_mean"] - mean) / np.sqrt(variance + layer.epsilon)
            variances = np.abs(np.log((own["moving_variance"] + layer.epsilon) / (variance + layer.epsilon)))
            yield item.name, "mean_gap", float(np.median(means))
            yield item.name, "mean_gap_max", float(means.max())
            yield item.name, "variance_gap", float(np.median(variances))
            yield item.name, "variance_gap_max", float(variances.max())
            yield item.name, "start_share", layer.momentum**snapshot.step


class ThreeStatisticsProbe(Probe):
    """Accuracy and loss on the same samples with batch, moving and population statistics."""

    name = "three_statistics"

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        moment, present = snapshot.moment, snapshot.weights
        samples, group = in_batches(moment.held_out(snapshot.samples), moment.batch_size)
        seen = moment.passage(moment.probe_batch.count)
        population = present.with_variables({"moving_mean": seen.means, "moving_variance": seen.variances})
        for kind, weights, moving in (
            ("batch", present, False),
            ("moving", present, True),
            ("population", population, True),
        ):
            seen = moment.instrument.passage(weights, samples, group=group, moving=moving)
            if seen.correct is not None:
                yield WHOLE_NETWORK, f"accuracy_{kind}", float(seen.correct.mean())
            yield WHOLE_NETWORK, f"loss_{kind}", float(seen.losses.mean(dtype=np.float64))


class GainProbe(Probe):
    """What normalization multiplies its input by in use."""

    name = "gain"

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        for item, layer in _layers(snapshot):
            own = snapshot.weights.by_layer[item.name]
            gamma: Array = own.get("gamma", np.ones(1))
            gain = np.abs(gamma) / np.sqrt(own["moving_variance"] + layer.epsilon)
            yield item.name, "median", float(np.median(gain))
            yield item.name, "max", float(gain.max())
            yield (
                item.name,
                "flat_share",
                float((snapshot.passage.variances[item.name] < layer.epsilon).mean()),
            )
