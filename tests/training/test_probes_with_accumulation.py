"""Where gradients of several batches make one step of the weights, probes watch one that moved them."""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import pytest

from normlab.spec import JobSpec
from normlab.training import TrainResult
from normlab.training.probes.base import Probe, Reading, Snapshot

Array = npt.NDArray[np.float32]


class Keeping(Probe):
    """Keeps the weights at each point, and those around the watched step."""

    name = "keeping"
    uses = ()

    def __init__(self) -> None:
        self.weights: dict[int, Array] = {}
        self.watched: dict[int, tuple[Array, Array]] = {}

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        step, real = snapshot.moment.step, snapshot.real_step
        self.weights[step] = snapshot.weights.values.copy()
        if real is not None:
            self.watched[step] = (real.before.values.copy(), real.after.values.copy())
        return ()


def kept(
    batches: int, small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> tuple[Keeping, list[int]]:
    """A run of two epochs of five batches."""
    optimizer = {"name": "sgd", "learning_rate": 0.1, "gradient_accumulation_steps": batches}
    layers = [{"type": "flatten"}, {"type": "dense", "units": 8, "activation": "relu"}]
    keeping = Keeping()
    result = run(small_spec(layers, {"epochs": 2, "optimizer": optimizer}), probes=[keeping, "update"])
    return keeping, list(result.measurements.series("update", "ratio", "dense_1").steps)


def test_the_watched_step_is_the_newest_that_moved_the_weights(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    keeping, updates = kept(2, small_spec, run)
    weights, watched = keeping.weights, keeping.watched
    assert sorted(weights) == [0, 1, 2, 4, 5, 10]
    np.testing.assert_array_equal(weights[0], weights[1])
    np.testing.assert_array_equal(weights[4], weights[5])
    assert sorted(watched) == updates == [2, 4, 5, 10]
    for step, (before, after) in {2: (0, 2), 4: (2, 4), 5: (2, 4)}.items():
        np.testing.assert_array_equal(watched[step][0], weights[before])
        np.testing.assert_array_equal(watched[step][1], weights[after])
        assert np.abs(weights[after] - weights[before]).max() > 0
    # The last whole batch is the ninth, so the eighth is watched; the tenth has moved the weights again.
    before, after = watched[10]
    assert np.abs(after - before).max() > 0
    assert np.abs(weights[10] - after).max() > 0


@pytest.mark.parametrize(("batches", "points"), [(8, [10]), (20, [])])
def test_where_a_step_takes_more_batches_than_an_epoch_has(
    batches: int, points: list[int], small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    keeping, updates = kept(batches, small_spec, run)
    assert sorted(keeping.watched) == updates == points
    for before, after in keeping.watched.values():
        np.testing.assert_array_equal(before, keeping.weights[5])
        np.testing.assert_array_equal(after, keeping.weights[10])
