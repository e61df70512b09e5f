"""A spec as a Keras model and back."""

from typing import Any

import keras
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from normlab import from_keras, to_keras
from normlab.errors import KerasModelError
from normlab.keras_models import convert
from normlab.spec import PRESETS, JobSpec, parse_job_spec, plan_job
from normlab.spec.fields import Activation
from support.probed_kinds import EVERY_KIND, MORE_KINDS, QUICK_KINDS

RATES = st.sampled_from([0.1, 0.25, 0.5])
ACTIVATION = st.sampled_from([name.value for name in Activation if name != Activation.LEAKY_RELU])
LAYER = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("dense"),
            "units": st.just(64),
            "activation": ACTIVATION,
            "use_bias": st.booleans(),
            "kernel_initializer": st.sampled_from(["he_normal", "glorot_uniform", "orthogonal", "zeros"]),
            "kernel_regularizer": st.sampled_from([None, {"l2": 0.001}]),
            "kernel_constraint": st.sampled_from([None, "unit_norm", {"name": "max_norm", "axis": 1}]),
            "kernel_normalization": st.sampled_from([None, "spectral_normalization"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("batch_normalization"),
            "momentum": st.sampled_from([0.9, 0.99]),
            "center": st.booleans(),
        }
    ),
    st.fixed_dictionaries({"type": st.just("batch_renormalization"), "rmax": st.sampled_from([None, 2.0])}),
    st.fixed_dictionaries({"type": st.just("layer_normalization"), "epsilon": st.sampled_from([1e-3, 1e-6])}),
    st.fixed_dictionaries({"type": st.just("dropout"), "rate": RATES}),
    st.fixed_dictionaries({"type": st.just("activation"), "activation": ACTIVATION}),
    st.just({"type": "activation", "activation": "leaky_relu", "negative_slope": 0.2}),
    st.just({"type": "group_normalization", "groups": 8}),
)
CHAIN = st.lists(LAYER, min_size=1, max_size=3)
RESIDUAL = st.fixed_dictionaries(
    {"type": st.just("residual"), "layers": CHAIN, "shortcut": st.just("identity")}
)
PRODUCT = st.fixed_dictionaries(
    {
        "type": st.just("branches"),
        "merge": st.just("multiply"),
        "branches": st.lists(CHAIN, min_size=2, max_size=3),
    }
)
OPTIMIZER = st.one_of(
    st.fixed_dictionaries(
        {
            "name": st.just("sgd"),
            "learning_rate": RATES,
            "momentum": st.sampled_from([0.0, 0.9]),
            "nesterov": st.booleans(),
        }
    ),
    st.fixed_dictionaries(
        {"name": st.sampled_from(["adam", "adamw", "rmsprop"]), "clipnorm": st.sampled_from([None, 1.0])}
    ),
)
SCHEDULE = st.sampled_from(
    [
        {"name": "constant"},
        {"name": "cosine", "alpha": 0.1},
        {"name": "cosine", "warmup_epochs": 1.0},
        {"name": "exponential", "decay_rate": 0.5, "decay_epochs": 2.0, "staircase": True},
        {"name": "step", "epochs": [1, 3], "factor_per_step": 0.1},
    ]
)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    layers=st.lists(st.one_of(LAYER, RESIDUAL, PRODUCT), min_size=1, max_size=4),
    optimizer=OPTIMIZER,
    schedule=SCHEDULE,
)
def test_a_spec_comes_back_from_keras(
    layers: list[dict[str, Any]], optimizer: dict[str, Any], schedule: dict[str, Any]
) -> None:
    training = {"optimizer": optimizer, "learning_rate_schedule": schedule, "epochs": 4}
    architecture = {"layers": [{"type": "flatten"}, *layers]}
    assert_same_again({"architecture": architecture, "dataset": "digits", "training": training})


def assert_same_again(body: dict[str, Any]) -> None:
    spec = parse_job_spec(body)
    model = to_keras(spec)
    again = convert(model.to_json(), {"training": {"epochs": spec.training.epochs}}).spec
    assert plan_job(again) == plan_job(spec)
    assert again.digest == spec.digest or _written_otherwise(spec)
    assert model.count_params() == sum(
        variable.size for item in plan_job(spec) for variable in item.variables
    )


def _written_otherwise(spec: JobSpec) -> bool:
    """What a repeat says once comes back as often as it is there."""
    return any(layer.type == "repeat" for layer in spec.architecture.layers)


@pytest.mark.parametrize(
    "layers",
    [
        [
            {
                "type": "conv2d",
                "filters": 4,
                "kernel_size": 3,
                "kernel_constraint": {"name": "max_norm", "axis": 0},
            }
        ],
        [{"type": "conv2d", "filters": 4, "kernel_size": 3, "kernel_constraint": "min_max_norm"}],
        [{"type": "depthwise_conv2d", "kernel_size": 3, "depthwise_constraint": "max_norm"}],
        [
            {
                "type": "separable_conv2d",
                "filters": 4,
                "kernel_size": 3,
                "depthwise_constraint": "unit_norm",
                "pointwise_constraint": {"name": "max_norm", "max_value": 3.0},
            },
            {"type": "prelu", "shared_axes": [1, 2]},
        ],
        [
            {
                "type": "conv2d",
                "filters": 4,
                "kernel_size": 3,
                "kernel_normalization": "spectral_normalization",
            }
        ],
    ],
    ids=str,
)
def test_layers_of_pictures_come_back_from_keras(layers: list[dict[str, Any]]) -> None:
    reshape = {"type": "reshape", "target_shape": [8, 8, 1]}
    architecture = {"layers": [reshape, *layers, {"type": "flatten"}]}
    assert_same_again({"architecture": architecture, "dataset": "digits"})


OURS = {"filter_response_normalization", "lrn", "scale_only", "bias_only", "instance_normalization"}
"""The last comes back as group normalization with a group for each channel, which it is."""


@pytest.mark.parametrize("layers", [QUICK_KINDS, EVERY_KIND, *MORE_KINDS.values()])
def test_every_kind_that_keras_has_comes_back(layers: list[dict[str, Any]]) -> None:
    theirs = [
        layer
        for layer in layers
        if layer["type"] not in OURS
        and "virtual_batch_size" not in layer
        and layer.get("kernel_normalization") in (None, "spectral_normalization")
    ]
    assert_same_again({"architecture": {"layers": theirs}, "dataset": "digits"})


def test_attention_comes_back_from_keras() -> None:
    attention = {"type": "multi_head_attention", "num_heads": 2, "key_dim": 3}
    layers = [attention, attention | {"value_dim": 5, "use_bias": False}, {"type": "flatten"}]
    assert_same_again({"architecture": {"layers": layers}, "dataset": "digits"})


@pytest.mark.parametrize("normalization", ["weight_normalization", "weight_standardization"])
def test_a_normalization_that_keras_has_not_is_named(normalization: str) -> None:
    dense = {"type": "dense", "units": 4, "kernel_normalization": normalization}
    with pytest.raises(KerasModelError, match=f"Dense has no {normalization}"):
        to_keras({"architecture": {"layers": [{"type": "flatten"}, dense]}, "dataset": "digits"})


@pytest.mark.parametrize("preset", [name for name in PRESETS if name.startswith(("base", "batch", "deep"))])
def test_a_preset_comes_back_from_keras(preset: str) -> None:
    spec = parse_job_spec({"architecture": preset, "dataset": "digits"})
    assert plan_job(from_keras(to_keras(spec))) == plan_job(spec)


def test_the_models_policy_is_the_specs_precision() -> None:
    spec = parse_job_spec(
        {"architecture": "baseline", "dataset": "digits", "training": {"precision": "mixed_bfloat16"}}
    )
    model = to_keras(spec)
    assert {layer.compute_dtype for layer in model.layers if isinstance(layer, keras.layers.Dense)} == {
        "bfloat16",
        "float32",
    }
    assert from_keras(model).training.precision == "mixed_bfloat16"
