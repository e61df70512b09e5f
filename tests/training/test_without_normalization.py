"""``resnet20:fixup`` and ``resnet20:skip_init`` beside the papers' networks, written by hand in NumPy."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from normlab.spec import JobSpec, parse_job_spec, plan_job
from normlab.training.layers.network import build_network, built_layers, initial_weights

Array = npt.NDArray[np.float64]

DRAW = np.random.default_rng(4)
PICTURES: Array = DRAW.random((2, 8, 8, 1))
STAGES = [(filters, number) for filters in (16, 32, 64) for number in range(3)]


def asked(normalization: str) -> JobSpec:
    return parse_job_spec(
        {"architecture": {"preset": "resnet20", "normalization": normalization}, "dataset": "digits"}
    )


def convolved(x: Array, kernel: Array, strides: int = 1) -> Array:
    """With zeros around as TensorFlow has them: where they do not divide, one more behind."""
    size, places = kernel.shape[0], -(-x.shape[1] // strides)
    margin = max((places - 1) * strides + size - x.shape[1], 0)
    around = (margin // 2, margin - margin // 2)
    padded = np.pad(x, ((0, 0), around, around, (0, 0)))
    result = np.zeros((len(x), places, places, kernel.shape[-1]))
    for row in range(size):
        for column in range(size):
            end = (places - 1) * strides + 1
            result += (
                padded[:, row : row + end : strides, column : column + end : strides] @ kernel[row, column]
            )
    return result


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def with_fixup(x: Array, values: Iterator[Array], *, branches: bool = True) -> Array:
    """Zhang, Dauphin and Ma (2019): scalars before each kernel and each activation."""
    x = relu(convolved(x, next(values)) + next(values))
    for filters, number in STAGES:
        strides = 2 if filters > 16 and number == 0 else 1
        branch = convolved(x + next(values), next(values), strides)
        branch = relu(branch + next(values))
        branch = convolved(branch + next(values), next(values))
        branch = branch * next(values) + next(values)
        if strides == 2:
            x = convolved(x + next(values), next(values), 2)
        x = relu(x + branch) if branches else relu(x)
    return softmax((x.mean((1, 2)) + next(values)) @ next(values) + next(values))


def with_skip_init(x: Array, values: Iterator[Array], *, branches: bool = True) -> Array:
    """De and Smith (2020): a factor at the end of each branch."""
    x = relu(convolved(x, next(values)) + next(values))
    for filters, number in STAGES:
        strides = 2 if filters > 16 and number == 0 else 1
        branch = relu(convolved(x, next(values), strides) + next(values))
        branch = (convolved(branch, next(values)) + next(values)) * next(values)
        if strides == 2:
            x = convolved(x, next(values), 2) + next(values)
        x = relu(x + branch) if branches else relu(x)
    return softmax(x.mean((1, 2)) @ next(values) + next(values))


NETWORKS: dict[str, Any] = {"fixup": with_fixup, "skip_init": with_skip_init}


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", NETWORKS)
def test_the_network_is_that_of_the_paper(name: str) -> None:
    planned = plan_job(asked(name))
    network = build_network(planned, "float64")
    built = built_layers(network)

    def values() -> Iterator[Array]:
        return iter([np.asarray(weight) for item in planned for weight in built[item.name].weights])

    def given() -> Array:
        pictures = PICTURES.reshape(-1, *network.input_shape[1:])
        return np.asarray(network(keras.ops.convert_to_tensor(pictures)))

    network.set_weights(initial_weights(network, planned, 7))
    # It begins as a network without branches.
    np.testing.assert_allclose(given(), NETWORKS[name](PICTURES, values(), branches=False), rtol=1e-9)
    for weight in network.weights:
        weight.assign(DRAW.normal(0.1, 0.5 / np.sqrt(np.prod(weight.shape[:-1])), weight.shape))
    expected = NETWORKS[name](PICTURES, values())
    np.testing.assert_allclose(given(), expected, rtol=1e-9)
    assert np.abs(expected - NETWORKS[name](PICTURES, values(), branches=False)).max() > 1e-3


def test_fixup_scales_the_first_kernels_of_branches_and_has_zeros_in_the_last() -> None:
    planned = plan_job(asked("fixup"))
    network = build_network(planned, "float32")
    network.set_weights(initial_weights(network, planned, 7))
    built = built_layers(network)
    kernels = [np.asarray(built[item.name].kernel) for item in planned if item.layer.type == "conv2d"]
    in_shortcuts = [kernel for kernel in kernels if kernel.shape[:2] == (1, 1)]
    stem, *in_branches = [kernel for kernel in kernels if kernel.shape[:2] == (3, 3)]
    first, last = in_branches[::2], in_branches[1::2]
    assert len(first) == len(last) == 9
    assert not any(kernel.any() for kernel in last)
    blocks, of_a_block = 9, 2
    for kernel in first:
        he = np.sqrt(2 / np.prod(kernel.shape[:3]))
        wanted = he * blocks ** (-1 / (2 * of_a_block - 2))
        assert kernel.std() == pytest.approx(wanted, rel=0.05)
    for kernel in (stem, *in_shortcuts):
        assert kernel.std() == pytest.approx(np.sqrt(2 / np.prod(kernel.shape[:3])), rel=0.2)
