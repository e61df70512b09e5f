"""Small trainings on the ``digits`` dataset."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Said before TensorFlow is imported: no greetings.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras

from normlab.spec import JobSpec
from normlab.training import TrainResult, train


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of all trainings of a test run."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def float64() -> Iterator[None]:
    """Everything is computed in float64, so that only a different formula can make a difference above 1e-9."""
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    # Layers made without a dtype follow a policy that Keras sets once, when it is first asked for.
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)


@pytest.fixture(scope="session")
def small_spec(make_spec: Callable[..., JobSpec]) -> Callable[..., JobSpec]:
    """Makes specs of five steps an epoch, the last one smaller; ``layers`` are the hidden layers."""

    def make(layers: object = None, training: dict[str, object] | None = None, **given: object) -> JobSpec:
        body: dict[str, object] = {
            "dataset": {"name": "digits", "training_samples": 150, "validation_samples": 60},
            "training": {"batch_size": 32} | (training or {}),
        }
        if layers is not None:
            body["architecture"] = {"layers": layers} if isinstance(layers, list) else layers
        return make_spec(**(body | given))

    return make


@pytest.fixture
def run(data_dir: Path) -> Callable[..., TrainResult]:
    """``train`` with the tests' data folder."""

    def run_spec(spec: JobSpec, **given: object) -> TrainResult:
        return train(spec, data_dir=data_dir, **given)  # type: ignore[arg-type]  # passed through

    return run_spec
