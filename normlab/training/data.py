"""A job's data on its device, split as its spec says, and the order of its samples in each epoch."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from normlab.settings import Settings
from normlab.spec import DatasetName, DatasetSpec, JobSpec
from normlab.training import datasets
from normlab.training.datasets.arrays import Labels, Pixels
from normlab.training.seeds import Role, generator

_ALIGNMENT = 64
"""Of the tensors that TensorFlow's products take, in bytes. What lies otherwise is copied."""
_KEPT = 2
"""How many jobs' data a process keeps for the next job."""


@dataclass(frozen=True)
class Samples:
    """Raw pixels (n, *shape) uint8 and labels (n,) int32, as tensors on the device."""

    x: tf.Tensor
    y: tf.Tensor

    @property
    def count(self) -> int:
        """How many samples there are."""
        return int(self.y.shape[0])


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
    key = (folder, data, part.held_out, part.trained_on, drawn_by)
    if key not in _cache:
        _cache[key] = _split(_load(part, folder, fetch), part, seed)
        if len(_cache) > _KEPT:
            _cache.popitem(last=False)
    _cache.move_to_end(key)
    return _cache[key]


def _load(part: DatasetSpec, folder: Path, fetch: datasets.Fetch | None) -> datasets.Dataset:
    if part.content is None:
        return datasets.load(DatasetName(part.name), folder)
    return datasets.load_content(part.label, part.content, folder, fetch=fetch)


def _split(dataset: datasets.Dataset, part: DatasetSpec, seed: int) -> TrainingData:
    end = part.held_out + part.trained_on
    x, y = dataset.x_train, dataset.y_train
    if part.validation_split == "random":
        drawn = generator(seed, Role.SPLIT).permutation(len(y))
        x, y = x[drawn], y[drawn]
    return TrainingData(
        training=_on_device(x[part.held_out : end], y[part.held_out : end]),
        validation=_on_device(x[: part.held_out], y[: part.held_out]),
        test=_on_device(dataset.x_test, dataset.y_test),
        digest=dataset.digest,
    )


def _on_device(x: Pixels, y: Labels) -> Samples:
    return Samples(_pixels(x), tf.constant(y.astype(np.int32)))


def _pixels(x: Pixels) -> tf.Tensor:
    """The pixels as a tensor. On a CPU the mapped file itself where that is possible: all processes share its pages.

    A tensor of DLPack lies on the first CPU, whatever device is chosen.
    """
    device = tf.constant(np.ascontiguousarray(x[:0])).device
    on_the_first_cpu = device.endswith("CPU:0")
    if not on_the_first_cpu or not len(x) or not x.flags.c_contiguous or x.ctypes.data % _ALIGNMENT:
        return tf.constant(np.ascontiguousarray(x))
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
