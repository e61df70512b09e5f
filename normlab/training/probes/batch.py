"""The probe batch: training samples that every probe looks at, at every point and in every arm."""

import hashlib

from normlab.spec import JobSpec
from normlab.training.layers.network import Array
from normlab.training.seeds import Role, generator

MAX_SAMPLES = 2_048
"""Unless a probe asks for another number. A unit that is active for one sample in 500 is then seen with 98 %."""


def probe_order(spec: JobSpec) -> Array:
    """The numbers (trained_on,) of the training samples in the order in which probes take them: each the first ones."""
    order: Array = generator(spec.training.seed, Role.PROBES).permutation(spec.dataset.trained_on)
    return order


def probe_digest(spec: JobSpec) -> str:
    """``sha256:…`` of the samples that probes look at."""
    taken = probe_order(spec)[:MAX_SAMPLES].astype("<i4")
    return f"sha256:{hashlib.sha256(taken.tobytes()).hexdigest()}"
