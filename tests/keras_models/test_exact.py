"""Models as people write them have specs, which give the same losses and gradients from the same weights."""

import warnings

import keras
import numpy as np
import pytest

from normlab.keras_models import KerasRemark, convert
from support.keras_models import steps_of_both
from support.keras_zoo import MODELS


@pytest.fixture(autouse=True)
def counted_from_one() -> None:
    keras.utils.clear_session(free_memory=False)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_and_its_spec_take_the_same_step_in_float64(name: str) -> None:
    build, kinds = MODELS[name]
    model = build()
    converted = convert(model, {"dataset": "digits"})
    assert " ".join(layer["type"] for layer in converted.body["architecture"]["layers"]) == kinds
    assert converted.remarks == () or name == "first_steps"
    logits = model.layers[-1].name == "dense_1" and name == "first_steps"
    (their_loss, theirs), (our_loss, ours) = steps_of_both(model, converted, logits=logits)
    assert our_loss == pytest.approx(their_loss, rel=1e-13)
    assert any(np.abs(gradient).max() > 1e-6 for gradient in theirs)
    for one, other in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-12)


def test_what_a_model_is_compiled_with_is_taken() -> None:
    training = {
        name: convert(build(), {"dataset": "digits"}).spec.training for name, (build, _) in MODELS.items()
    }
    assert training["first_steps"].optimizer.model_dump()["learning_rate"] == 0.001
    assert training["first_steps"].optimizer.name == "adam"
    assert training["flattened_before"].optimizer.name == "rmsprop"
    sgd = training["normalized_before_activations"].optimizer
    assert (sgd.name, sgd.learning_rate, sgd.clipnorm) == ("sgd", 0.05, 1.0)
    assert (sgd.model_dump()["momentum"], sgd.model_dump()["nesterov"]) == (0.9, True)
    assert training["penalized"].optimizer.weight_decay == 0.01


def test_a_model_that_two_datasets_fit_says_which_was_taken() -> None:
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, activation="softmax")])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", KerasRemark)
        assert str(convert(model, {}).spec.dataset.name) == "fashion_mnist"
    assert not caught
    assert "mnist would fit as well" in convert(model, {}).remarks[0]
