"""The loss without the L2 penalty: what runs with different penalties can be compared by."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from normlab.spec import JobSpec
from normlab.training import TrainResult
from normlab.training.datasets import load

DENSE: list[dict[str, Any]] = [
    {"type": "flatten"},
    {"type": "dense", "units": 12, "activation": "relu", "kernel_regularizer": {"l2": 0.01}},
]
CONVOLUTION: list[dict[str, Any]] = [
    {"type": "reshape", "target_shape": [8, 8, 1]},
    {"type": "conv2d", "filters": 3, "kernel_size": 3, "kernel_regularizer": {"l2": 0.05}},
    {"type": "flatten"},
]


@pytest.mark.parametrize("layers", [DENSE, CONVOLUTION], ids=["xla", "graph"])
def test_the_penalty_is_what_the_losses_differ_by(
    layers: list[dict[str, Any]],
    small_spec: Callable[..., JobSpec],
    run: Callable[..., TrainResult],
    data_dir: Path,
) -> None:
    result = run(small_spec(layers, {"epochs": 2, "optimizer": "adam"}))
    (penalized,) = (layer for layer in result.network.layers if getattr(layer, "kernel_regularizer", None))
    kernel = np.asarray(penalized.kernel, np.float64)
    penalty = layers[1]["kernel_regularizer"]["l2"] * np.square(kernel).sum()
    last = result.history[-1]
    assert last.val_cross_entropy == pytest.approx(last.val_loss - penalty, rel=1e-5)
    assert result.test_cross_entropy == pytest.approx(result.test_loss - penalty, rel=1e-5)
    # The weights of the training steps are no longer known, but those of the last ones are near the end's.
    assert last.loss - last.cross_entropy == pytest.approx(penalty, rel=0.1)
    test = load("digits", data_dir / "datasets")
    probabilities = result.network.predict(test.x_test.astype(np.float32), verbose=0)
    by_hand = -np.log(probabilities[np.arange(len(test.y_test)), test.y_test]).mean()
    assert result.test_cross_entropy == pytest.approx(by_hand, rel=1e-4)


def test_without_a_penalty_both_are_the_same_number(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    result = run(small_spec("baseline", {"epochs": 2}))
    for epoch in result.history:
        assert (epoch.cross_entropy, epoch.val_cross_entropy) == (epoch.loss, epoch.val_loss)
    assert result.test_cross_entropy == result.test_loss
