"""What the spec refuses since nothing of the input would be left, seen in Keras itself."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from normlab.spec.layers import (
    BatchNormalization,
    GroupNormalization,
    InstanceNormalization,
    LayerNormalization,
    Normalization,
)

FLAT, PICTURE, POINT = (12,), (4, 3, 6), (1, 1, 6)


def output(layer: Any, shape: tuple[int, ...], samples: int, seed: int) -> np.ndarray[Any, Any]:
    values = np.random.default_rng(seed).normal(size=(samples, *shape)).astype(np.float32)
    return np.asarray(layer(values, training=True))


CASES: list[tuple[Any, Normalization, tuple[int, ...], int]] = [
    (
        layers.GroupNormalization(groups),
        GroupNormalization(type="group_normalization", groups=groups),
        shape,
        2,
    )
    for shape in (FLAT, PICTURE, POINT)
    for groups in range(1, 13)
    if shape[-1] % groups == 0
]
CASES += [
    (layers.LayerNormalization(), LayerNormalization(type="layer_normalization"), shape, 2)
    for shape in (FLAT, PICTURE, (1,), (4, 1), (4, 3, 1), (4, 2))
]
CASES += [
    (layers.BatchNormalization(), BatchNormalization(type="batch_normalization"), shape, samples)
    for shape in (FLAT, PICTURE, POINT, (1,))
    for samples in (1, 2, 5)
]
CASES += [
    (layers.GroupNormalization(-1), InstanceNormalization(type="instance_normalization"), shape, 2)
    for shape in (PICTURE, POINT, (4, 3))
]


@pytest.mark.parametrize(("made", "known", "shape", "samples"), CASES, ids=str)
def test_keras_erases_what_is_said_to_be_erased_and_nothing_else(
    made: Any, known: Normalization, shape: tuple[int, ...], samples: int
) -> None:
    first, second = (output(made, shape, samples, seed) for seed in (1, 2))
    assert np.array_equal(first, second) == (known.values(shape, samples) == 1)
    if len(shape) == 3:
        means = [keras.layers.GlobalAveragePooling2D()(values) for values in (first, second)]
        assert np.allclose(*means, atol=1e-5) == (
            known.values(shape, samples) == 1 or known.erases_channel_means(shape, samples)
        )
