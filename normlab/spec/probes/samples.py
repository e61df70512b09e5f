"""How many samples probes look at, worked out from a network's shapes alone."""

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from normlab.spec.graph import layers_below
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
    return _HELD * (prod(planned[0].input_shape) + sum(prod(item.output_shape) for item in _large(planned)))


def values_held_moved(planned: "Sequence[PlannedLayer]") -> int:
    """Numbers that are held for each sample of a batch that passes through the network once for each kernel, all at
    once: what leaves a layer for each kernel that it does not lie below."""
    below = layers_below(planned)
    kernels = [item.name for item in planned if isinstance(item.layer, WithKernel)]
    outputs = (
        prod(item.output_shape) * sum(item.name not in below[kernel] for kernel in kernels)
        for item in _large(planned)
    )
    return _HELD * (prod(planned[0].input_shape) + sum(outputs))


def fits_moved(planned: "Sequence[PlannedLayer]", batch_size: int) -> bool:
    """Whether such a batch is affordable."""
    return batch_size * values_held_moved(planned) * _FLOAT_BYTES <= _MAX_BYTES


def _large(planned: "Sequence[PlannedLayer]") -> "list[PlannedLayer]":
    return [item for item in planned if item.layer.initializer_fields or isinstance(item.layer, Merge)]
