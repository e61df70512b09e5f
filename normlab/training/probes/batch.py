"""The probe batch: training samples that every probe looks at, at every point and in every arm."""

import hashlib
from math import prod

import tensorflow as tf

from normlab.spec import JobSpec
from normlab.spec.layers import WithKernel
from normlab.spec.memory import FLOAT_BYTES
from normlab.spec.plan import plan_job
from normlab.training.data import Samples
from normlab.training.layers.network import Array
from normlab.training.seeds import Role, generator

MAX_SAMPLES = 2_048
"""Unless a probe asks for another number. A unit that is active for one sample in 500 is then seen with 98 %."""
MAX_BYTES = 64 * 2**20
"""For what passes through the network of all samples at once; with ``MIN_SAMPLES`` it may be more."""
MIN_SAMPLES = 32
_HELD = 3
"""How many times a layer's output is held, with its activation and normalization. Whether there is one does not count:
arms that differ in it look at the same samples."""


def probe_order(spec: JobSpec) -> Array:
    """The numbers (trained_on,) of the training samples in the order in which probes take them: each the first ones."""
    order: Array = generator(spec.training.seed, Role.PROBES).permutation(spec.dataset.trained_on)
    return order


def probe_digest(spec: JobSpec) -> str:
    """``sha256:…`` of the samples that probes look at."""
    taken = probe_order(spec)[:MAX_SAMPLES].astype("<i4")
    return f"sha256:{hashlib.sha256(taken.tobytes()).hexdigest()}"


def affordable_samples(spec: JobSpec) -> int:
    """How many samples a network of this size is looked at with at most: a power of two."""
    planned = plan_job(spec)
    kernels = (item for item in planned if isinstance(item.layer, WithKernel))
    values = prod(planned[0].input_shape) + sum(prod(item.output_shape) for item in kernels)
    affordable = MAX_BYTES // (_HELD * values * FLOAT_BYTES)
    return max(MIN_SAMPLES, 1 << (affordable.bit_length() - 1) if affordable else 0)


def take(samples: Samples, numbers: Array) -> Samples:
    """Some of the samples, by their numbers."""
    return Samples(tf.gather(samples.x, numbers), tf.gather(samples.y, numbers))
