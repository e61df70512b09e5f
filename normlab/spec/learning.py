"""Specs that can be built and cannot learn, or hardly: what normalization leaves of its input.

Keras trains all of these without a word. Each rule was seen in training on ``digits``: where nothing is left the
accuracy is that of a guess.
"""

from collections.abc import Iterator, Sequence

from normlab.errors import Problem
from normlab.spec.job import JobSpec
from normlab.spec.layers import (
    ActivationLayer,
    Add,
    AveragePooling2D,
    BatchNormalization,
    BiasOnly,
    Concatenate,
    GlobalAveragePooling2D,
    Noise,
    Normalization,
    ScaleOnly,
    WithMovingStatistics,
)
from normlab.spec.layers.normalization import FEW_VALUES
from normlab.spec.plan import PlannedLayer, plan_job


def erased_inputs(spec: JobSpec, planned: Sequence[PlannedLayer]) -> Iterator[Problem]:
    """Layers of a spec that can be built of whose input nothing is left, so that nothing before them can learn.

    That a layer by itself leaves nothing (of a shape, whatever the batch) is said when it is planned.
    """
    for item in planned:
        layer = item.layer
        if not isinstance(layer, WithMovingStatistics) or layer.values(item.input_shape, _batch(spec)) > 1:
            continue
        if _batch(spec) > 1:
            yield Problem(
                f"/architecture{item.pointer}/virtual_batch_size",
                f"every part of a batch has one sample, of which {item.name} would leave nothing: take parts of 8 or "
                "more",
            )
        else:
            pointer = "/training/batch_size" if spec.training.batch_size == 1 else "/dataset/training_samples"
            yield Problem(
                pointer,
                f"every batch has one sample, of which {item.name} would leave nothing: take batches of 8 or more, or "
                "layer_normalization, which needs no batch",
            )
        return
    yield from _erased_means(spec, planned)


def _erased_means(spec: JobSpec, planned: Sequence[PlannedLayer]) -> Iterator[Problem]:
    """The mean of a channel that has just been normalized by itself is the same for every input."""
    erased_by: dict[str, str] = {}
    """Of layers whose channels have means that are the same for every input: the normalization that made them so."""
    for item in planned:
        layer, sources = item.layer, [erased_by.get(name) for name in item.inputs]
        if isinstance(layer, Normalization) and layer.erases_channel_means(item.input_shape, _batch(spec)):
            erased_by[item.name] = item.name
        elif (source := sources[-1]) is None or None in sources:
            continue
        elif _takes_channel_means(item):
            yield Problem(
                f"/architecture{item.pointer}",
                f"takes the mean of channels whose means {source} has just made equal for all inputs, so nothing "
                "is left: put an activation between them, or normalize across channels",
            )
        elif _keeps_means(item):
            erased_by[item.name] = source


def _batch(spec: JobSpec) -> int:
    """How many samples the largest batch has."""
    return min(spec.training.batch_size, spec.dataset.trained_on)


def _keeps_means(item: PlannedLayer) -> bool:
    """Whether means of channels that are the same for every input stay so."""
    layer = item.layer
    linear = isinstance(layer, ActivationLayer) and layer.activation == "linear"
    return linear or isinstance(layer, Noise | ScaleOnly | BiasOnly | Add | Concatenate)


def _takes_channel_means(item: PlannedLayer) -> bool:
    """Whether what leaves a layer is the mean of each channel over the whole picture."""
    layer = item.layer
    if isinstance(layer, GlobalAveragePooling2D):
        return True
    if not isinstance(layer, AveragePooling2D):
        return False
    height, width = item.input_shape[:2]
    covered = layer.pool_size[0] >= height and layer.pool_size[1] >= width
    return covered and item.output_shape[:2] == (1, 1)


def learning_warnings(spec: JobSpec) -> Iterator[Problem]:
    """What makes learning hard in a spec that ``parse_job_spec`` took, with pointers."""
    planned = plan_job(spec)
    for item in planned:
        layer = item.layer
        if isinstance(layer, Normalization) and layer.values(item.input_shape, _batch(spec)) == FEW_VALUES:
            yield Problem(
                f"/architecture{item.pointer}",
                f"{item.name} takes each mean over two values, and little more is left of them than which is larger",
            )
    yield from _last_batch_of_one(spec, planned)
    yield from _rests_of_one(spec, planned)


def _rests_of_one(spec: JobSpec, planned: Sequence[PlannedLayer]) -> Iterator[Problem]:
    """Parts of batches in ghost batch normalization."""
    batch, last = _batch(spec), spec.dataset.trained_on % _batch(spec)
    for item in planned:
        layer = item.layer
        if not isinstance(layer, BatchNormalization) or layer.virtual_batch_size is None:
            continue
        size = layer.virtual_batch_size
        hit = [count for count in (batch, last) if count > size and count % size == 1]
        if hit and layer.values(item.input_shape, 1) == 1:
            yield Problem(
                f"/architecture{item.pointer}/virtual_batch_size",
                f"in parts of {size} one sample of a batch of {hit[0]} is left over, of which {item.name} leaves "
                "nothing: take a size that divides the batch size",
            )


def _last_batch_of_one(spec: JobSpec, planned: Sequence[PlannedLayer]) -> Iterator[Problem]:
    samples, size = spec.dataset.trained_on, spec.training.batch_size
    if samples <= size or samples % size != 1:
        return
    hit = [
        (item.layer.momentum, item.name)
        for item in planned
        if isinstance(item.layer, BatchNormalization) and item.layer.values(item.input_shape, 1) == 1
    ]
    if hit:
        momentum, name = min(hit)
        yield Problem(
            "/training/batch_size",
            f"the last batch of each epoch has one sample, of which {name} leaves nothing: that step teaches nothing "
            f"to the layers before it, and takes its moving variance {100 * (1 - momentum):.0f} % of the way to 0, "
            f"just before the evaluation; with {samples - 1} training samples or another batch size there is none",
        )
