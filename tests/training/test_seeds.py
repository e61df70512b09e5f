"""Each use of chance has a stream of its own, derived from (seed, role)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from normlab.spec import JobSpec, plan_job
from normlab.training import TrainResult
from normlab.training.data import epoch_order, training_data
from normlab.training.layers.network import build_network, initial_weights, kernel_digests
from normlab.training.seeds import Role, derive

Array = npt.NDArray[Any]


def first_weights(spec: JobSpec) -> list[Array]:
    planned = plan_job(spec)
    return initial_weights(build_network(planned, "float32"), planned, spec.training.seed)


def first_kernels(spec: JobSpec) -> list[Array]:
    return [weight for weight in first_weights(spec) if weight.ndim > 1]


@pytest.mark.parametrize("dataset", ["digits", "fashion_mnist"])
def test_normalization_changes_no_kernel(dataset: str, make_spec: Callable[..., JobSpec]) -> None:
    plain, normalized = (
        first_kernels(make_spec(architecture=name, dataset=dataset))
        for name in ("baseline", "baseline_with_batch_norm")
    )
    assert len(plain) == len(normalized) == 3
    for ours, theirs in zip(plain, normalized, strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_kernels_of_one_shape_differ_within_a_network(make_spec: Callable[..., JobSpec]) -> None:
    kernels = first_kernels(make_spec(architecture="deep_sigmoid"))
    assert len({kernel.tobytes() for kernel in kernels}) == len(kernels)


def test_the_record_proves_it(make_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]) -> None:
    def digests(architecture: str, seed: int) -> dict[str, Any]:
        training = {"epochs": 1, "batch_size": 1300, "seed": seed}
        return run(make_spec(training, architecture=architecture)).digests

    plain, normalized = digests("baseline", 3), digests("baseline_with_batch_norm", 3)
    assert plain["initial_kernels"] == normalized["initial_kernels"]
    assert set(plain["initial_kernels"]) == {"dense_1", "dense_2", "output"}
    assert plain["data_order"] == normalized["data_order"]
    assert plain["final_weights"] != normalized["final_weights"]
    other = digests("baseline", 4)
    assert not set(other["initial_kernels"].values()) & set(plain["initial_kernels"].values())
    assert other["data_order"] != plain["data_order"]


def test_the_networks_digests_are_of_its_kernels(make_spec: Callable[..., JobSpec]) -> None:
    spec = make_spec()
    network = build_network(plan_job(spec), "float32")
    network.set_weights(first_weights(spec))
    before = kernel_digests(network)
    network.layers[2].kernel.assign(network.layers[2].kernel + 1)
    after = kernel_digests(network)
    assert [name for name in before if before[name] != after[name]] == ["dense_1"]


@pytest.mark.parametrize(
    ("initializer", "standard_deviation"),
    [
        ("he_normal", (2 / 784) ** 0.5),
        ("glorot_uniform", (2 / (784 + 500)) ** 0.5),
        ("lecun_normal", (1 / 784) ** 0.5),
        ("random_normal", 0.05),
        ({"name": "random_normal", "stddev": 0.2}, 0.2),
        ("orthogonal", 784**-0.5),
        ({"name": "orthogonal", "gain": 2.0}, 2 * 784**-0.5),
        (
            {"name": "variance_scaling", "scale": 3.0, "mode": "fan_out", "distribution": "uniform"},
            (3 / 500) ** 0.5,
        ),
        ("zeros", 0.0),
    ],
)
def test_kernels_are_drawn_as_their_initializer_says(
    initializer: object, standard_deviation: float, make_spec: Callable[..., JobSpec]
) -> None:
    layers = [{"type": "flatten"}, {"type": "dense", "units": 500, "kernel_initializer": initializer}]
    kernel = first_kernels(make_spec(architecture={"layers": layers}, dataset="fashion_mnist"))[0]
    assert kernel.shape == (784, 500)
    assert kernel.std() == pytest.approx(standard_deviation, rel=0.02)
    assert kernel.mean() == pytest.approx(0, abs=0.001)


def test_initial_values_of_other_variables(make_spec: Callable[..., JobSpec]) -> None:
    layers = [{"type": "flatten"}, {"type": "batch_normalization"}]
    gamma, beta, mean, variance, _, bias = first_weights(make_spec(architecture={"layers": layers}))
    for ones in (gamma, variance):
        assert (ones == 1).all()
    for noughts in (beta, mean, bias):
        assert (noughts == 0).all()


def test_the_order_is_a_new_permutation_each_epoch() -> None:
    orders = [epoch_order(5, epoch, 1000, shuffle=True) for epoch in (1, 2, 1)]
    np.testing.assert_array_equal(np.sort(orders[0]), np.arange(1000))
    np.testing.assert_array_equal(orders[0], orders[2])
    assert (orders[0] != orders[1]).mean() > 0.9
    np.testing.assert_array_equal(epoch_order(5, 1, 1000, shuffle=False), np.arange(1000))


def test_streams_do_not_meet() -> None:
    numbers = [derive(seed, role, part) for seed in range(20) for role in Role for part in (0, 1)]
    assert len(set(numbers)) == len(numbers)
    assert all(0 <= number < 2**31 for number in numbers)


def test_a_random_split_is_drawn_by_the_seed(make_spec: Callable[..., JobSpec], data_dir: Any) -> None:
    def split(seed: int, way: str) -> tuple[Array, Array]:
        dataset = {"name": "digits", "validation_split": way, "validation_samples": 100}
        data = training_data(make_spec({"seed": seed}, dataset=dataset), data_dir)
        assert (data.training.count, data.validation.count, data.test.count) == (1337, 100, 360)
        return data.validation.between(0, 100).x.numpy(), data.training.between(0, 1337).x.numpy()

    first, drawn, again, other = split(1, "first"), split(1, "random"), split(1, "random"), split(2, "random")
    np.testing.assert_array_equal(drawn[0], again[0])
    assert (drawn[0] != first[0]).any()
    assert (drawn[0] != other[0]).any()
    # The same images in all of them, whatever the split: nothing is in both parts.
    images = [sorted(row.tobytes() for part in parts for row in part) for parts in (first, drawn, other)]
    assert images[0] == images[1] == images[2]
