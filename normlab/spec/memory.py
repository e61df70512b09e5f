"""How much memory a job's training takes at most, worked out from its spec alone.

The counts are of what ``normlab/training`` holds at its largest moments; ``tests/training/test_memory.py`` measures
them. TensorFlow itself, which a process has anyway, and what it compiles (some 50 MiB) are not in it.
"""

from collections.abc import Sequence
from math import prod

from normlab.spec.graph import sizes_together
from normlab.spec.job import JobSpec
from normlab.spec.plan import PlannedLayer
from normlab.spec.probes import PROBES
from normlab.spec.probes.samples import affordable_samples, fits_moved, values_held, values_held_moved
from normlab.spec.training import Precision

FLOAT_BYTES = 4
LABEL_BYTES = 4
EVALUATION_BATCH = 1_000
"""So many samples are evaluated at a time, whatever the batch size of the training."""

MAPPED_BYTES = 256 * 2**20
"""So much of the values is counted at most: of a mapped file the system takes pages back when it needs them, so data
larger than the memory can be trained on."""

_CHANGED_PICTURES = 6
"""Times a batch's pixels while an augmentation samples them: before, after, places, shares, and what is gathered."""


def training_bytes(spec: JobSpec, planned: Sequence[PlannedLayer]) -> int:
    """Data, all copies of weights and optimizer state, and the activations of a batch; and what probes look at."""
    activations = max(_activation_bytes(spec, planned), _probed_bytes(spec, planned))
    return _data_bytes(spec) + _weight_bytes(spec, planned) + activations


def _data_bytes(spec: JobSpec) -> int:
    """Values are those of a mapped file: bytes of pixels, of a table numbers of four bytes, as labels and an epoch's
    order have for each sample."""
    part = spec.dataset
    samples = part.held_out + part.trained_on + part.info.test_samples
    value_bytes = 1 if part.columns is None else FLOAT_BYTES
    pixels = min(samples * prod(part.info.shape) * value_bytes, MAPPED_BYTES)
    return pixels + samples * LABEL_BYTES + 2 * part.trained_on * FLOAT_BYTES


def _weight_bytes(spec: JobSpec, planned: Sequence[PlannedLayer]) -> int:
    """Weights are held five times: in the network, before and after a compiled segment, as gradients, as a result.

    A checkpoint holds all state twice more: as a copy, and as the file's content.
    """
    variables = [variable for item in planned for variable in item.variables]
    weights = sum(variable.size for variable in variables)
    optimizer = spec.training.optimizer
    state = weights + optimizer.kept_per_parameter * sum(v.size for v in variables if v.trainable)
    rule = spec.training.early_stopping
    best = weights if rule is not None and rule.restore_best_weights else 0
    sixteen_bits = (
        weights if spec.training.precision is not Precision.FLOAT32 else 0
    )  # weights, gradients, in halves
    aside = weights if optimizer.averages else 0  # while the averages are evaluated
    return (4 * weights + state + best + sixteen_bits + aside + 2 * (state + best)) * FLOAT_BYTES


def _probed_bytes(spec: JobSpec, planned: Sequence[PlannedLayer]) -> int:
    """Between steps: what passes through the network of the probe batch, and the weights before and after a step, now,
    changed, and as gradients."""
    if not spec.probes:
        return 0
    asked = max(request.samples or PROBES[request.name].samples or 0 for request in spec.probes)
    samples = min(asked, affordable_samples(planned), spec.dataset.trained_on)
    weights = sum(variable.size for item in planned for variable in item.variables)
    held = samples * values_held(planned)
    if any(request.name == "gradient_shift" for request in spec.probes):
        batch = min(spec.training.batch_size, spec.dataset.trained_on)
        held = max(held, batch * values_held_moved(planned) if fits_moved(planned, batch) else 0)
    return (5 * weights + held) * FLOAT_BYTES


def _activation_bytes(spec: JobSpec, planned: Sequence[PlannedLayer]) -> int:
    """The larger of a training step, which keeps them for gradients, and an evaluation, which drops them."""
    pixels = prod(planned[0].input_shape)
    kept = sum(item.layer.values_kept(item.input_shape, item.output_shape) for item in planned)
    changed = _CHANGED_PICTURES * pixels if spec.training.augmentation else 0
    in_training = spec.training.batch_size * (2 * pixels + changed + kept)
    in_evaluation = EVALUATION_BATCH * max(sizes_together(planned))
    return max(in_training, in_evaluation) * FLOAT_BYTES
