"""How far the moving statistics of batch normalization are from what they began as.

A network is measured with moving averages of its batches' means and variances. Each update keeps the part ``momentum``
of what was there before, so that after u updates the part momentum^u is still the start (mean 0, variance 1), whatever
the network has learned.
"""

from normlab.spec.blocks import written_layers
from normlab.spec.job import JobSpec
from normlab.spec.layers import WithMovingStatistics
from normlab.spec.optimizers import ScheduleFreeAdamW

SETTLED = 0.01
"""The largest part of moving statistics that may still be their start. A variance of 0.01 is then seen as 0.02."""


def start_share(spec: JobSpec, updates: int) -> float:
    """The part that is still the start after so many updates, of the layer of the highest momentum; 0 without batch
    normalization."""
    return highest_momentum(spec) ** updates


def highest_momentum(spec: JobSpec) -> float:
    """That of the batch normalization that settles last; 0 without any, or where statistics are taken once more."""
    if isinstance(spec.training.optimizer, ScheduleFreeAdamW):
        return 0.0
    layers = (layer for _, layer in written_layers(spec.architecture.layers))
    momenta = [layer.momentum for layer in layers if isinstance(layer, WithMovingStatistics)]
    return max(momenta, default=0.0)
