"""What probes compute, against the same formulas written down again for small networks in plain NumPy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from normlab.spec import JobSpec, plan_job
from normlab.spec.measurements import Measurements
from normlab.spec.probes import STANDARD
from normlab.training import TrainResult, train
from normlab.training.data import epoch_order, training_data
from normlab.training.layers.network import build_network, initial_weights
from normlab.training.probes.activations import mean_cosine, ranks
from normlab.training.probes.batch import probe_order
from normlab.training.probes.shift import kept, median_shift

pytestmark = pytest.mark.xdist_group(__name__)  # one process makes what all tests here share

Array = np.ndarray[Any, Any]
EPSILON = 1e-3


@pytest.fixture(scope="module")
def spec(small_spec: Callable[..., JobSpec]) -> JobSpec:
    """Two hidden layers, normalized before the sigmoid; one epoch of plain steps of 50 of 150 samples."""
    hidden = [{"type": "batch_normalization"}, {"type": "activation", "activation": "sigmoid"}]
    layers = [
        {"type": "flatten"},
        {"type": "dense", "units": 7, "kernel_regularizer": {"l2": 0.02}},
        *hidden,
        {"type": "dense", "units": 5, "use_bias": False},
        *hidden,
    ]
    optimizer = {"name": "sgd", "learning_rate": 0.5}
    return small_spec(layers, {"epochs": 1, "batch_size": 50, "optimizer": optimizer})


class OracleNetwork:
    """The network of ``spec`` with its hand-written forward and backward pass, in double precision."""

    def __init__(self, values: dict[str, Array]) -> None:
        self.values = {name: np.array(value, np.float64) for name, value in values.items()}

    def __getitem__(self, name: str) -> Array:
        return self.values[name]

    def forward(self, x: Array, group: int) -> dict[str, Array]:
        seen = {"x": x, "z1": x @ self["dense_1/kernel"] + self["dense_1/bias"]}
        for number in (1, 2):
            z = seen[f"z{number}"].reshape(-1, group, seen[f"z{number}"].shape[1])
            mean, variance = z.mean(1, keepdims=True), z.var(1, keepdims=True)
            seen[f"scale{number}"] = 1 / np.sqrt(variance + EPSILON)
            normal = (z - mean) * seen[f"scale{number}"]
            seen[f"n{number}"] = normal.reshape(seen[f"z{number}"].shape)
            name = f"batch_normalization_{number}"
            u = seen[f"n{number}"] * self[f"{name}/gamma"] + self[f"{name}/beta"]
            seen[f"u{number}"], seen[f"h{number}"] = u, 1 / (1 + np.exp(-u))
            if number == 1:
                seen["z2"] = seen["h1"] @ self["dense_2/kernel"]
        logits = seen["h2"] @ self["output/kernel"] + self["output/bias"]
        e = np.exp(logits - logits.max(1, keepdims=True))
        return seen | {"z3": logits, "p": e / e.sum(1, keepdims=True)}

    def backward(self, x: Array, y: Array, group: int) -> dict[str, Array]:
        """Gradients of the mean cross-entropy, by z of each sample's own loss."""
        seen, n = self.forward(x, group), len(y)
        found = {"loss": -np.log(seen["p"][np.arange(n), y]).mean()}
        found["z3"] = seen["p"] - np.eye(10)[y]
        found["output/kernel"] = seen["h2"].T @ found["z3"] / n
        by_h = found["z3"] @ self["output/kernel"].T
        for number in (2, 1):
            h, normal = seen[f"h{number}"], seen[f"n{number}"]
            by_u = by_h * h * (1 - h) * self[f"batch_normalization_{number}/gamma"]
            by_n, grouped = by_u.reshape(-1, group, h.shape[1]), normal.reshape(-1, group, h.shape[1])
            by_z = by_n - by_n.mean(1, keepdims=True) - grouped * (by_n * grouped).mean(1, keepdims=True)
            by_z = (by_z * seen[f"scale{number}"]).reshape(h.shape)
            found[f"z{number}"] = by_z
            below, name = (seen["x"], "dense_1") if number == 1 else (seen["h1"], "dense_2")
            found[f"{name}/kernel"] = below.T @ by_z / n
            by_h = by_z @ self["dense_2/kernel"].T if number == 2 else by_h
        return found


def rms(values: Array) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.fixture(scope="module")
def result(spec: JobSpec, data_dir: Path) -> TrainResult:
    return train(spec, data_dir=data_dir, probes=[*STANDARD, "fit"])


@pytest.fixture(scope="module")
def start(spec: JobSpec) -> OracleNetwork:
    planned = plan_job(spec)
    network = build_network(planned, "float32")
    paths = ["/".join(weight.path.split("/")[-2:]) for weight in network.weights]
    return OracleNetwork(dict(zip(paths, initial_weights(network, planned, spec.training.seed), strict=True)))


@pytest.fixture(scope="module")
def batch(spec: JobSpec, data_dir: Path) -> tuple[Array, Array]:
    """All 150 training samples in the order of the probe batch."""
    training, order = training_data(spec, data_dir).training, probe_order(spec)
    x = training.x.numpy().reshape(150, -1).astype(np.float64) / spec.dataset.info.pixel_max
    return x[order], training.y.numpy()[order]


def at_start(measurements: Measurements, probe: str, statistic: str, layer: str = "") -> float:
    series = measurements.series(probe, statistic, layer)
    assert series.steps[0] == 0
    return float(series.values[0])


def test_gradients(result: TrainResult, start: OracleNetwork, batch: tuple[Array, Array]) -> None:
    found, expected = result.measurements, start.backward(*batch, group=50)
    for z, layer in (("z1", "dense_1"), ("z2", "dense_2"), ("z3", "output")):
        kernel = start[f"{layer}/kernel"]
        gradient = expected[f"{layer}/kernel"]
        assert at_start(found, "gradient", "preactivation_rms", layer) == pytest.approx(
            rms(expected[z]), rel=1e-4
        )
        assert at_start(found, "gradient", "kernel_rms", layer) == pytest.approx(rms(gradient), rel=1e-4)
        relative = rms(gradient) / rms(kernel)
        assert at_start(found, "gradient", "kernel_relative", layer) == pytest.approx(relative, rel=1e-4)
    assert at_start(found, "gradient", "loss") == pytest.approx(expected["loss"], rel=1e-5)
    factor = rms(expected["z1"]) / rms(expected["z2"])
    assert at_start(found, "gradient", "factor_per_layer") == pytest.approx(factor, rel=1e-4)
    gradient = np.linalg.norm(expected["dense_1/kernel"])
    penalty = 2 * 0.02 * np.linalg.norm(start["dense_1/kernel"])
    share = penalty / (penalty + gradient)
    assert at_start(found, "gradient", "penalty_share", "dense_1") == pytest.approx(share, rel=1e-4)
    assert at_start(found, "gradient", "penalty_share", "dense_2") == 0


def test_a_kernel_before_batch_normalization_is_nearly_orthogonal_to_its_gradient(
    result: TrainResult, start: OracleNetwork, batch: tuple[Array, Array]
) -> None:
    free = result.measurements.layers("norm", "radial_cosine")
    assert free == ("dense_1", "dense_2")
    gradients = start.backward(*batch, group=50)
    for layer in free:
        kernel, gradient = start[f"{layer}/kernel"], gradients[f"{layer}/kernel"]
        cosine = np.sum(kernel * gradient) / np.linalg.norm(kernel) / np.linalg.norm(gradient)
        # What is left is epsilon's: small variances are not scaled out whole.
        assert abs(cosine) < 0.01
        assert at_start(result.measurements, "norm", "radial_cosine", layer) == pytest.approx(
            cosine, abs=1e-5
        )


def test_activations(result: TrainResult, start: OracleNetwork, batch: tuple[Array, Array]) -> None:
    found, seen = result.measurements, start.forward(batch[0], group=150)
    for key, layer in (("h1", "activation_1"), ("n2", "batch_normalization_2"), ("z2", "dense_2")):
        values = seen[key]
        mean_squared, variance = np.mean(values.mean(0) ** 2), np.mean(values.var(0))
        assert at_start(found, "signal", "mean_squared", layer) == pytest.approx(
            mean_squared, rel=1e-4, abs=1e-9
        )
        assert at_start(found, "signal", "variance", layer) == pytest.approx(variance, rel=1e-4)
    unit = seen["h1"] / np.linalg.norm(seen["h1"], axis=1, keepdims=True)
    cosines = (unit @ unit.T)[~np.eye(150, dtype=bool)].mean()
    assert at_start(found, "signal", "cosine", "activation_1") == pytest.approx(cosines, rel=1e-4)
    flat = (np.abs(seen["u1"]) > np.log(2 / (1 - np.sqrt(0.95)) - 1)).mean()
    assert at_start(found, "saturated", "share", "activation_1") == pytest.approx(flat, abs=1e-9)
    assert at_start(found, "distribution", "preactivation_q25", "output") == pytest.approx(
        np.quantile(seen["z3"], 0.25), rel=1e-4
    )


def test_ranks() -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=(400, 6)) @ np.diag([5, 3, 1, 1, 0.1, 0]) + 7
    s = np.linalg.svd(values - values.mean(0), compute_uv=False)
    p = s[s > 1e-9] / s.sum()
    effective, stable = ranks(values)
    assert effective == pytest.approx(np.exp(-(p * np.log(p)).sum()), rel=1e-4)
    assert stable == pytest.approx((s**2).sum() / s.max() ** 2)
    assert ranks(np.ones((40, 3), np.float32) * 0.3) == (0.0, 0.0)
    assert np.isnan(mean_cosine(np.zeros((5, 3))))
    # One direction, and rounding: in single precision its rank is 1, not that of the noise.
    faint = 0.5 + 1e-5 * random.normal(size=(400, 1)) * np.ones((1, 50))
    assert ranks(faint.astype(np.float32)) == pytest.approx((1, 1), abs=0.01)


def test_normalization(result: TrainResult, start: OracleNetwork, batch: tuple[Array, Array]) -> None:
    found, seen = result.measurements, start.forward(batch[0], group=150)
    mean, variance = seen["z2"].mean(0), seen["z2"].var(0)
    gaps = np.abs(0 - mean) / np.sqrt(variance + EPSILON)
    assert at_start(found, "moving", "mean_gap", "batch_normalization_2") == pytest.approx(
        np.median(gaps), rel=1e-4
    )
    logs = np.abs(np.log((1 + EPSILON) / (variance + EPSILON)))
    assert at_start(found, "moving", "variance_gap_max", "batch_normalization_2") == pytest.approx(
        logs.max(), rel=1e-3
    )
    assert at_start(found, "gain", "max", "batch_normalization_1") == pytest.approx(
        1 / np.sqrt(1.001), rel=1e-5
    )
    shares = found.series("moving", "start_share", "batch_normalization_1")
    assert list(shares.values) == pytest.approx([0.99**step for step in shares.steps])


def test_batch_moving_and_population_statistics_are_three_things(
    spec: JobSpec, result: TrainResult, start: OracleNetwork, data_dir: Path
) -> None:
    held_out = training_data(spec, data_dir).validation
    x = held_out.x.numpy().reshape(60, -1).astype(np.float64)[:50] / spec.dataset.info.pixel_max
    numbers = np.linspace(0, 59, 60).astype(int)[:50]
    assert list(numbers) == list(range(50))
    y = held_out.y.numpy()[:50]
    loss = start.backward(x, y, group=50)["loss"]
    assert at_start(result.measurements, "three_statistics", "loss_batch") == pytest.approx(loss, rel=1e-4)
    losses = {
        at_start(result.measurements, "three_statistics", f"loss_{kind}")
        for kind in ("batch", "moving", "population")
    }
    assert len(losses) == 3


def test_the_fit_is_that_of_the_network_in_use(
    spec: JobSpec, result: TrainResult, start: OracleNetwork, batch: tuple[Array, Array]
) -> None:
    """At the start the moving mean is 0 and the moving variance 1."""
    (x, y), h = batch, batch[0]
    for number in (1, 2):
        bias = start["dense_1/bias"] if number == 1 else 0.0
        u = (h @ start[f"dense_{number}/kernel"] + bias) / np.sqrt(1 + EPSILON)
        h = 1 / (1 + np.exp(-u))
    logits = h @ start["output/kernel"] + start["output/bias"]
    losses = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(y)), y]
    assert at_start(result.measurements, "fit", "loss") == pytest.approx(losses.mean(), rel=1e-5)
    right = (logits.argmax(1) == y).mean()
    assert at_start(result.measurements, "fit", "accuracy") == pytest.approx(right)
    assert len(x) == spec.dataset.trained_on


def test_the_real_step_and_both_kinds_of_shift(
    spec: JobSpec, result: TrainResult, start: OracleNetwork, data_dir: Path
) -> None:
    """After one step of plain gradient descent, which the oracle makes, too."""
    training = training_data(spec, data_dir).training
    numbers = epoch_order(spec.training.seed, 1, 150, shuffle=True)[:50]
    x = training.x.numpy().reshape(150, -1)[numbers].astype(np.float64) / spec.dataset.info.pixel_max
    y = training.y.numpy()[numbers]
    gradients = start.backward(x, y, group=50)
    moved = 0.5 * (gradients["dense_1/kernel"] + 2 * 0.02 * start["dense_1/kernel"])  # with the penalty
    ratio = np.linalg.norm(moved) / np.linalg.norm(start["dense_1/kernel"])
    first = result.measurements.series("update", "ratio", "dense_1")
    assert first.steps[0] == 1
    assert first.values[0] == pytest.approx(ratio, rel=1e-3)
    # The gradient of dense_2 after dense_1 and its normalization have moved.
    seen = result.measurements.series("gradient_shift", "relative", "dense_2")
    assert 0 < seen.values[0] < 1
    # The first step's shift is the one since the start.
    moved_by, from_start = (
        result.measurements.series("distribution_shift", name, "dense_2").values[0]
        for name in ("preactivation", "preactivation_from_start")
    )
    assert 0 < moved_by == from_start
    values = np.random.default_rng(2).normal(size=(500, 4))
    assert median_shift(kept(values), kept(values + 3 * values.std(0))) == pytest.approx(3, rel=0.1)


def test_what_a_layer_of_one_unit_keeps_is_a_copy() -> None:
    values = np.arange(8.0)[::-1].reshape(8, 1).copy()
    values.setflags(write=False)  # as TensorFlow's are
    assert kept(values).ravel().tolist() == sorted(values.ravel().tolist())
