"""The layers of a network that keep moving statistics, and what their ``keras`` file has of them. No TensorFlow."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zipfile import ZipFile

import h5py
import numpy as np
import numpy.typing as npt

from normlab.spec import PlannedLayer
from normlab.spec.layers import WithMovingStatistics

Floats = npt.NDArray[np.float32]

_WEIGHTS = "model.weights.h5"


@dataclass(frozen=True)
class MovingStatistics:
    """A layer that normalizes by averages over the batches of the training."""

    name: str
    gamma: Floats
    """(channels,), or () where there is none."""
    beta: Floats
    epsilon: float
    dimensions: int
    """Of what enters it, the batch's included."""


def layers_with_moving_statistics(planned: Sequence[PlannedLayer]) -> tuple[str, ...]:
    """Their names, in the order of the network."""
    return tuple(item.name for item in planned if isinstance(item.layer, WithMovingStatistics))


def read_moving_statistics(
    planned: Sequence[PlannedLayer], keras_file: bytes
) -> tuple[MovingStatistics, ...]:
    """What the layers keep beside their statistics, which are to be replaced.

    Raises:
        ValueError: The file does not have them.
    """
    found = []
    with ZipFile(io.BytesIO(keras_file)) as archive:
        weights = io.BytesIO(archive.read(_WEIGHTS))
    with h5py.File(weights, "r") as file:
        by_name = _by_name(file)
        for item in planned:
            layer = item.layer
            if not isinstance(layer, WithMovingStatistics):
                continue
            values = by_name.get(item.name)
            if values is None:
                raise ValueError(f"its keras file has no layer {item.name}")
            own = iter(("0", "1"))  # Keras numbers what there is: gamma, beta, and then the statistics
            gamma = values[next(own)] if layer.scale else 1
            beta = values[next(own)] if layer.center else 0
            found.append(
                MovingStatistics(
                    item.name,
                    np.asarray(gamma, np.float32),
                    np.asarray(beta, np.float32),
                    float(layer.epsilon),
                    len(item.input_shape) + 1,
                )
            )
    return tuple(found)


def _by_name(file: h5py.File) -> Mapping[str, h5py.Group]:
    """The variables of each layer. Keras names groups after classes, and writes each layer's own name beside its
    variables."""
    groups = [group["vars"] for group in file["layers"].values() if "vars" in group]
    return {str(group.attrs["name"]): group for group in groups if "name" in group.attrs}
