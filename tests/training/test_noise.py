"""Noise in the loop: off in evaluation; in training of the right size, new at each step."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from scipy.stats import kstest

from normlab.spec import JobSpec, plan_job
from normlab.training import TrainResult
from normlab.training.compiled.executors import Executor
from normlab.training.layers.builders import training_classes
from normlab.training.layers.network import build_network, initial_weights

RATE = 0.25
ONE_SAMPLE = {"name": "digits", "training_samples": 1}


def dropout_spec(small_spec: Callable[..., JobSpec], rate: float, **training: Any) -> JobSpec:
    layers = [{"type": "flatten"}, {"type": "dropout", "rate": rate}]
    return small_spec(layers, training, dataset=ONE_SAMPLE)


def first_weights(spec: JobSpec) -> list[npt.NDArray[Any]]:
    planned = plan_job(spec)
    return initial_weights(build_network(planned, "float32"), planned, spec.training.seed)


def mask(before: list[npt.NDArray[Any]], after: tuple[npt.NDArray[Any], ...]) -> npt.NDArray[Any]:
    """What one step multiplied each pixel with, of those that it had (they are the same in all runs).

    The step changes the bias by -rate * (p - y) and the kernel's row i by x_i times that, x_i as dropout left it.
    """
    kernel, bias = after[0] - before[0], after[1] - before[1]
    ratios: npt.NDArray[Any] = (kernel / bias).mean(axis=1)
    return ratios


def test_rate_and_scaling(small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]) -> None:
    rate = 1.0
    plain = dropout_spec(small_spec, 0.0, epochs=1, optimizer={"name": "sgd", "learning_rate": rate})
    pixels = mask(first_weights(plain), run(plain).weights)
    ink = pixels > 0.01
    factors = []
    for seed in range(30):
        spec = dropout_spec(
            small_spec, RATE, epochs=1, seed=seed, optimizer={"name": "sgd", "learning_rate": rate}
        )
        factors.append((mask(first_weights(spec), run(spec).weights) / np.where(ink, pixels, 1))[ink])
    kept = np.array(factors) > 0.5
    np.testing.assert_allclose(np.array(factors)[kept], 1 / (1 - RATE), rtol=1e-3)
    np.testing.assert_allclose(np.array(factors)[~kept], 0, atol=1e-4)
    # 30 * 30 draws: a standard deviation of 0.014.
    assert np.mean(~kept) == pytest.approx(RATE, abs=0.06)
    assert len({row.tobytes() for row in kept}) > 25, "each seed draws its own"


def test_each_step_draws_anew(small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]) -> None:
    # One epoch is one step, on one and the same sample.
    weights = [
        run(
            dropout_spec(small_spec, 0.5, epochs=epochs, optimizer={"name": "sgd", "learning_rate": 0.05})
        ).weights
        for epochs in (1, 2)
    ]
    first = mask(first_weights(dropout_spec(small_spec, 0.5)), weights[0])
    second = mask(list(weights[0]), weights[1])
    assert ((first > 0.01) != (second > 0.01)).any()


def test_off_in_evaluation(small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]) -> None:
    still = {"epochs": 1, "optimizer": {"name": "sgd", "learning_rate": 1e-30}}
    plain, dropped = (run(dropout_spec(small_spec, rate, **still)) for rate in (0.0, 0.9))
    assert dropped.test_loss == pytest.approx(plain.test_loss, rel=1e-6)
    assert dropped.history[0].val_loss == pytest.approx(plain.history[0].val_loss, rel=1e-6)
    assert dropped.history[0].loss != pytest.approx(plain.history[0].loss, rel=1e-3), "on in training"


KINDS: dict[str, dict[str, Any]] = {
    "Dropout": {"rate": 0.3},
    "SpatialDropout2D": {"rate": 0.3},
    "GaussianDropout": {"rate": 0.2},
    "GaussianNoise": {"stddev": 0.7},
}


@pytest.mark.parametrize("executor", Executor)
@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_draws_what_its_kind_says(kind: str, executor: Executor) -> None:
    made = training_classes(executor).get(kind) or getattr(keras.layers, kind)
    layer = made(**KINDS[kind], seed=0)
    x = tf.fill((90, 7, 6, 5), 2.0)
    call = tf.function(
        lambda inputs: layer(inputs, training=True), autograph=False, jit_compile=executor is Executor.XLA
    )
    drawn = []
    for stream in ([7, 0], [7, 0], [8, 0]):
        layer.seed_generator.state.assign(stream)
        drawn.append(call(x).numpy())
        drawn.append(call(x).numpy())
    np.testing.assert_array_equal(drawn[0], drawn[2], err_msg="a stream says it all")
    assert len({values.tobytes() for values in drawn}) == 4, "each call and each stream draws its own"
    np.testing.assert_array_equal(layer(x, training=False), x)
    values = np.concatenate([drawn[0], drawn[1], drawn[4]])
    assert values.dtype == np.float32
    if "Gaussian" in kind:
        deviation = 0.7 if kind == "GaussianNoise" else 2 * 0.5
        assert kstest((values.reshape(-1) - 2) / deviation, "norm").pvalue > 1e-3
        np.testing.assert_allclose(
            np.corrcoef(drawn[0].reshape(-1), drawn[1].reshape(-1))[0, 1], 0, atol=0.03
        )
    else:
        dropped = values == 0
        np.testing.assert_allclose(values[~dropped], 2 / 0.7, rtol=1e-6)
        if kind == "SpatialDropout2D":
            assert (dropped == dropped[:, :1, :1]).all(), "a channel is dropped as a whole"
            dropped = dropped[:, 0, 0]
        error = np.sqrt(0.3 * 0.7 / dropped.size)
        assert dropped.mean() == pytest.approx(0.3, abs=4 * error)


def test_noise_of_each_kind_is_off_in_evaluation_and_on_in_training(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    still = {"epochs": 1, "optimizer": {"name": "sgd", "learning_rate": 1e-30}}
    image = {"type": "reshape", "target_shape": [8, 8, 1]}
    noise = [
        {"type": "spatial_dropout2d", "rate": 0.5},
        {"type": "gaussian_dropout", "rate": 0.5},
        {"type": "gaussian_noise", "stddev": 0.9},
    ]
    plain, noisy = (run(small_spec([image, *layers, {"type": "flatten"}], still)) for layers in ([], noise))
    assert noisy.test_loss == pytest.approx(plain.test_loss, rel=1e-6)
    assert noisy.history[0].loss != pytest.approx(plain.history[0].loss, rel=1e-3)
