"""How many samples probes look at, worked out from a network's shapes alone."""

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from normlab.spec.layers import Merge, WithKernel

if TYPE_CHECKING:
    from normlab.spec.plan import PlannedLayer  # which knows job specs, and these know probes

_MAX_BYTES = 64 * 2**20
"""For what passes through the network of all samples at once; with ``_MIN_SAMPLES`` it may be more."""
_MIN_SAMPLES = 32
_HELD = 3
"""How many times a layer's output is held, with its activation and normalization. Whether there is one does not count:
arms that differ in it look at the same samples."""
_FLOAT_BYTES = 4


def affordable_samples(planned: "Sequence[PlannedLayer]") -> int:
    """How many samples a network is looked at with at most: a power of two."""
    affordable = _MAX_BYTES // values_held(planned) // _FLOAT_BYTES
    return max(_MIN_SAMPLES, 1 << (affordable.bit_length() - 1) if affordable else 0)


def values_held(planned: "Sequence[PlannedLayer]") -> int:
    """Numbers that are held for each sample."""
    large = (item for item in planned if isinstance(item.layer, WithKernel | Merge))
    return _HELD * (prod(planned[0].input_shape) + sum(prod(item.output_shape) for item in large))
