"""A job's data on its device, split as its spec says, and the order of its samples in each epoch."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from normlab.settings import Settings
from normlab.spec import DatasetSpec, JobSpec
from normlab.spec.columns import Task
from normlab.training import datasets
from normlab.training.datasets.arrays import Labels, Pixels
from normlab.training.read_ahead import MappedRows
from normlab.training.seeds import Role, generator
from normlab.training.targets import TargetScale

_ALIGNMENT = 64
"""Of the tensors that TensorFlow's products take, in bytes. What lies otherwise is copied."""
_KEPT = 2
"""How many jobs' data a process keeps for the next job."""


@dataclass(frozen=True)
class Samples:
    """Samples on the device. Who takes some of them asks for them by number, 0 to ``count - 1``."""

    x: tf.Tensor
    """Raw pixels (n, *shape) uint8; of a table its values, float32."""
    y: tf.Tensor
    """Labels (n,) int32; where numbers are predicted standardized targets (n,) of Keras's float type."""
    rows: npt.NDArray[np.int32] | None = None
    """Where in ``x`` and ``y`` each of the samples is (count,); None: sample i is in row i."""
    scale: TargetScale | None = None
    """What the targets were standardized by; None where they are classes."""
    file: MappedRows | None = None
    """Where the rows of ``x`` are mapped from; None: they are in memory."""

    @property
    def count(self) -> int:
        """How many samples there are."""
        return int(self.y.shape[0]) if self.rows is None else len(self.rows)

    @property
    def labels(self) -> npt.NDArray[np.int32]:
        """All labels: (count,)."""
        labels: npt.NDArray[np.int32] = self.y.numpy()
        return labels if self.rows is None else labels[self.rows]

    @property
    def targets(self) -> npt.NDArray[np.float64]:
        """All targets that are numbers, in their own unit: (count,)."""
        assert self.scale is not None  # noqa: S101 - classes are asked for by ``labels``
        return self.scale.raw(self.labels)

    def places(self, numbers: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """The rows of ``x`` and ``y`` in which the samples with these numbers are, of any shape."""
        return numbers if self.rows is None else self.rows[numbers]

    def taken(self, numbers: npt.NDArray[np.int32]) -> "Samples":
        """The samples with these numbers (k,), copied."""
        return self.at(self.places(numbers))

    def at(self, places: npt.NDArray[np.int32]) -> "Samples":
        """The samples in these rows of ``x`` and ``y`` (k,), copied."""
        return Samples(tf.gather(self.x, places), tf.gather(self.y, places), scale=self.scale)

    def between(self, start: int, stop: int) -> "Samples":
        """The samples from ``start`` to one before ``stop``, or to the end."""
        if self.rows is None:
            return Samples(self.x[start:stop], self.y[start:stop], scale=self.scale)
        return self.taken(np.arange(start, min(stop, self.count), dtype=np.int32))


@dataclass(frozen=True)
class TrainingData:
    """The three parts of a dataset. Pixels stay bytes until a batch is taken: a quarter of the memory."""

    training: Samples
    validation: Samples
    test: Samples
    digest: str
    """SHA-256 of the dataset's files."""


_cache: OrderedDict[tuple[object, ...], TrainingData] = OrderedDict()


def training_data(
    spec: JobSpec, data_dir: Path | None = None, fetch: datasets.Fetch | None = None
) -> TrainingData:
    """The data of a job. The last ones are cached, so that a second job on the same data starts at once.

    ``fetch`` gets an uploaded dataset that this machine does not have.

    Raises ``DatasetError`` when the files are missing or damaged.
    """
    folder = (Settings().data_dir if data_dir is None else data_dir) / "datasets"
    part, seed = spec.dataset, spec.training.seed
    drawn_by = seed if part.validation_split == "random" else None
    data = part.name if part.content is None else part.content.digest
    key = (folder, data, part.held_out, part.trained_on, drawn_by, keras.config.floatx())
    if key not in _cache:
        _cache[key] = _split(datasets.open_dataset(part, folder, fetch), part, seed)
        if len(_cache) > _KEPT:
            _cache.popitem(last=False)
    _cache.move_to_end(key)
    return _cache[key]


def _split(dataset: datasets.Dataset, part: DatasetSpec, seed: int) -> TrainingData:
    end = part.held_out + part.trained_on
    x, y = dataset.x_train, dataset.y_train
    drawn: npt.NDArray[np.int32] | None = None
    if part.validation_split == "random":
        drawn = generator(seed, Role.SPLIT).permutation(len(y)).astype(np.int32)
    scale = None
    if part.info.predicts is Task.REGRESSION:
        scale = TargetScale.of(y[part.held_out : end] if drawn is None else y[drawn[part.held_out : end]])
    if drawn is not None:
        whole = _on_device(x, y, scale)
        training = replace(whole, rows=drawn[part.held_out : end])
        validation = replace(whole, rows=drawn[: part.held_out])
    else:
        training = _behind(x, y, part.held_out, end, scale)
        validation = _on_device(x[: part.held_out], y[: part.held_out], scale)
    test = _on_device(dataset.x_test, dataset.y_test, scale)
    return TrainingData(training, validation, test, dataset.digest)


def _behind(x: Pixels, y: Labels, start: int, end: int, scale: TargetScale | None) -> Samples:
    """The samples from ``start`` on. Where their pixels could not be mapped by themselves, they are rows of all."""
    if not _on_the_first_cpu() or _can_be_mapped(x[start:end]) or not _can_be_mapped(x):
        return _on_device(x[start:end], y[start:end], scale)
    whole = _on_device(x[:end], y[:end], scale)
    return replace(whole, rows=np.arange(start, end, dtype=np.int32))


def _on_device(x: Pixels, y: Labels, scale: TargetScale | None) -> Samples:
    targets = y.astype(np.int32) if scale is None else scale.standardized(y).astype(keras.config.floatx())
    is_mapped = _on_the_first_cpu() and _can_be_mapped(x)
    pixels = _mapped(x) if is_mapped else tf.constant(np.ascontiguousarray(x))
    return Samples(pixels, tf.constant(targets), scale=scale, file=MappedRows.of(x) if is_mapped else None)


def _on_the_first_cpu() -> bool:
    """Whether tensors are made there. One of DLPack always is, whatever device is chosen."""
    return str(tf.constant(0).device).endswith("CPU:0")


def _can_be_mapped(x: Pixels) -> bool:
    """Whether TensorFlow takes this memory as it is."""
    return bool(len(x) and x.flags.c_contiguous and x.ctypes.data % _ALIGNMENT == 0)


def _mapped(x: Pixels) -> tf.Tensor:
    """The mapped file itself as a tensor: all processes share its pages."""
    writable = x.view(np.ndarray)
    writable.setflags(
        write=True
    )  # DLPack has no word for memory that is only read; nobody writes into a tensor
    return tf.experimental.dlpack.from_dlpack(writable.__dlpack__())


def epoch_order(seed: int, epoch: int, samples: int, *, shuffle: bool) -> npt.NDArray[np.int32]:
    """The order (samples,) in which an epoch (from 1) takes its samples.

    Each epoch has a stream of its own, so that a resumed run needs no history of earlier draws.
    """
    if not shuffle:
        return np.arange(samples, dtype=np.int32)
    return generator(seed, Role.ORDER, epoch).permutation(samples).astype(np.int32)


def order_digest(order_of: Callable[[int], npt.NDArray[np.int32]], epochs: int) -> str:
    """``sha256:…`` of the orders of epochs 1 to ``epochs``."""
    digest = hashlib.sha256()
    for epoch in range(1, epochs + 1):
        digest.update(order_of(epoch).tobytes())
    return f"sha256:{digest.hexdigest()}"
