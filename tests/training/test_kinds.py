"""Every kind of layer, optimizer, schedule and dataset is complete: what a new one needs is asked for here."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import keras
import numpy as np
import pytest

from normlab.analysis.differences import facets
from normlab.spec import DATASETS, DatasetName, parse_job_spec, plan_job
from normlab.spec.augmentation import AUGMENTATIONS, BaseAugmentation
from normlab.spec.fields import SpecModel
from normlab.spec.kinds import description_of, kinds_of
from normlab.spec.layers import LAYERS, MERGES, BaseLayer, Preparation
from normlab.spec.losses import LOSSES, BaseLoss
from normlab.spec.optimizers import OPTIMIZERS, BaseOptimizer
from normlab.spec.schedules import SCHEDULES, BaseSchedule
from normlab.training.datasets.sources import SOURCES
from normlab.training.layers.builders import _FASTER, OURS
from normlab.training.layers.network import (
    build_network,
    build_serving_network,
    initial_weights,
    weights_of,
)
from normlab.training.optimizers import build_optimizer

IMAGE = {"type": "reshape", "target_shape": [4, 4, 4]}
ROWS = {"type": "reshape", "target_shape": [8, 8]}
FLATTEN = {"type": "flatten"}


@dataclass(frozen=True)
class Example:
    """A layer of each kind, with what has to be set, and the name of the class that Keras has for it."""

    layer: dict[str, Any]
    keras_class: str
    """Of Keras, or of ours where Keras has none."""
    before: dict[str, Any] = field(default_factory=lambda: IMAGE)
    """What makes the shape that enters it."""


EXAMPLES: dict[str, Example] = {
    "flatten": Example({}, "Flatten"),
    "reshape": Example({"target_shape": [-1, 4]}, "Reshape"),
    "dense": Example({"units": 3, "kernel_regularizer": {"l2": 0.5}}, "Dense"),
    "conv2d": Example({"filters": 2, "kernel_size": 3, "activation": "relu"}, "Conv2D"),
    "max_pooling2d": Example({}, "MaxPooling2D"),
    "average_pooling2d": Example({"pool_size": [2, 1]}, "AveragePooling2D"),
    "global_average_pooling2d": Example({}, "GlobalAveragePooling2D"),
    "batch_normalization": Example({"momentum": 0.5}, "BatchNormalization"),
    "layer_normalization": Example({"center": False}, "LayerNormalization"),
    "group_normalization": Example({"groups": 1}, "GroupNormalization"),
    "activation": Example({"activation": "tanh"}, "Activation"),
    "dropout": Example({"rate": 0.5}, "Dropout"),
    "depthwise_conv2d": Example(
        {"kernel_size": 3, "depth_multiplier": 2, "depthwise_regularizer": {"l1": 0.5}}, "DepthwiseConv2D"
    ),
    "separable_conv2d": Example(
        {"filters": 3, "kernel_size": 2, "pointwise_constraint": "unit_norm"}, "SeparableConv2D"
    ),
    "conv1d": Example({"filters": 2, "kernel_size": 3, "padding": "causal", "groups": 2}, "Conv1D", ROWS),
    "global_max_pooling2d": Example({}, "GlobalMaxPooling2D"),
    "zero_padding2d": Example({"padding": [[0, 1], [2, 3]]}, "ZeroPadding2D"),
    "up_sampling2d": Example({"size": [1, 2], "interpolation": "bilinear"}, "UpSampling2D"),
    "batch_renormalization": Example({"rmax": 3.0, "dmax": 5.0}, "BatchNormalization"),
    "instance_normalization": Example({"scale": False}, "GroupNormalization"),
    "rms_normalization": Example({"epsilon": 0.1}, "RMSNormalization"),
    "unit_normalization": Example({}, "UnitNormalization"),
    "filter_response_normalization": Example({"epsilon": 0.1}, "FilterResponseNormalization"),
    "lrn": Example({"depth_radius": 2, "alpha": 0.1}, "LocalResponseNormalization"),
    "scale_only": Example({"scalar": True, "initial": 0.0}, "ScaleOnly"),
    "bias_only": Example({}, "BiasOnly"),
    "prelu": Example({"shared_axes": [1, 2], "alpha_regularizer": {"l2": 0.5}}, "PReLU"),
    "spatial_dropout2d": Example({"rate": 0.5}, "SpatialDropout2D"),
    "gaussian_dropout": Example({"rate": 0.5}, "GaussianDropout"),
    "gaussian_noise": Example({"stddev": 0.5}, "GaussianNoise"),
    "multi_head_attention": Example(
        {"num_heads": 2, "key_dim": 3, "value_dim": 5, "dropout": 0.1}, "MultiHeadAttention", ROWS
    ),
}


def subclasses(base: type[SpecModel]) -> Iterator[type[SpecModel]]:
    for child in base.__subclasses__():
        yield child
        yield from subclasses(child)


@pytest.mark.parametrize(
    ("registry", "base", "tag"),
    [
        (LAYERS | MERGES | {"preparation": Preparation}, BaseLayer, "type"),
        (OPTIMIZERS, BaseOptimizer, "name"),
        (SCHEDULES, BaseSchedule, "name"),
        (LOSSES, BaseLoss, "name"),
        (AUGMENTATIONS, BaseAugmentation, "name"),
    ],
    ids=["layers", "optimizers", "schedules", "losses", "augmentations"],
)
def test_every_class_with_a_name_is_registered_under_it(
    registry: dict[str, type[SpecModel]], base: type[SpecModel], tag: str
) -> None:
    named = [kind for kind in subclasses(base) if kind.model_fields[tag].annotation is not str]
    ours = {kind for kind in named if kind.__module__.startswith("normlab.")}
    assert ours == set(registry.values())
    for name, kind in registry.items():
        assert kind.model_fields[tag].annotation == Literal[name]
        assert description_of(kind).endswith("."), f"{name} needs a docstring that says what it is"


def test_two_kinds_of_one_name_are_refused() -> None:
    class Another(BaseOptimizer):
        keras_class: ClassVar[str] = "Adam"
        name: Literal["adam"]

    with pytest.raises(TypeError, match="Another cannot be the BaseOptimizer 'adam'"):
        kinds_of(OPTIMIZERS["adam"] | Another, "name", BaseOptimizer)


def planned_with(kind: str) -> Any:
    layer = {"type": kind} | EXAMPLES[kind].layer
    body = {"architecture": {"layers": [EXAMPLES[kind].before, layer, FLATTEN]}, "dataset": "digits"}
    return plan_job(parse_job_spec(body))


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_kind_is_built_as_keras_class_with_the_specs_values(kind: str) -> None:
    assert kind in EXAMPLES, f"add an example of {kind} to EXAMPLES"
    planned = planned_with(kind)
    network = build_network(planned, "float32")
    built, item = network.layers[2], planned[1]
    name = EXAMPLES[kind].keras_class
    assert type(built) is (OURS.get(name) or getattr(keras.layers, name))
    assert (built.name, tuple(built.output.shape[1:])) == (item.name, item.output_shape)
    config = built.get_config()
    config |= config.get("renorm_clipping") or {}
    for option, value in item.layer.model_dump(mode="json", exclude={"type"}).items():
        if option.endswith("_initializer") or (kind == "batch_renormalization" and value is None):
            continue
        given = config[option]
        if isinstance(given, tuple) and len(given) == 1:
            (given,) = given
        if option.endswith("_regularizer"):
            assert (given and given["config"]) == value, option
        elif option.endswith("_constraint"):
            assert (given and given["class_name"].lower()) == (value and value["name"].replace("_", "")), (
                option
            )
        else:
            assert json.loads(json.dumps(given)) == value, option
    weights = {name: (tuple(weight.shape), weight.trainable) for name, weight in weights_of(built)}
    assert weights == {variable.name: (variable.shape, variable.trainable) for variable in item.variables}
    assert build_serving_network(planned, 16).layers[3].name == item.name
    # In the order in which a network lists them, which is that of a run's results and checkpoints.
    network.set_weights(values := initial_weights(network, planned, 1))
    assert len(values) == len(network.weights)
    for value, (name, weight) in zip(values[: len(weights)], weights_of(built), strict=True):
        np.testing.assert_array_equal(value, weight, err_msg=name)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_kind_shows_in_a_comparison(kind: str) -> None:
    layer = LAYERS[kind].model_validate({"type": kind} | EXAMPLES[kind].layer).model_dump(mode="json")
    facet, flatten = LAYERS[kind].facet, LAYERS["flatten"](type="flatten").model_dump(mode="json")
    with_it, without = facets([flatten, layer]), facets([flatten])
    assert with_it[facet] != without[facet]
    if LAYERS[kind].size_field is not None:
        assert LAYERS[kind].size_field in LAYERS[kind].model_fields
    if LAYERS[kind].initializer_fields:
        assert LAYERS[kind].limited_fields, "its width is what the limit 'units' is about"


def test_classes_that_take_the_place_of_keras_own_are_such() -> None:
    for classes in _FASTER.values():
        for name, ours in classes.items():
            assert name not in OURS
            assert issubclass(ours, getattr(keras.layers, name))
            assert any(kind.keras_class == name for kind in LAYERS.values())


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_an_optimizer_keeps_as_many_numbers_as_it_says(kind: str) -> None:
    variable = keras.Variable([1.0, 2.0, 3.0])
    flags = [name for name, field in OPTIMIZERS[kind].model_fields.items() if field.annotation is bool]
    for value in (False, True):
        options: dict[str, Any] = dict.fromkeys(flags, value)
        if "momentum" in OPTIMIZERS[kind].model_fields:
            options["momentum"] = 0.5 if value else 0.0
        training = parse_job_spec(
            {"architecture": "baseline", "training": {"optimizer": {"name": kind, **options}}}
        ).training
        built = build_optimizer(training, [variable])
        assert isinstance(built, getattr(keras.optimizers, OPTIMIZERS[kind].keras_class))
        slots = [state for state in built.variables if tuple(state.shape) == (3,)]
        assert len(slots) == training.optimizer.slots, options


@pytest.mark.parametrize("kind", SCHEDULES)
def test_a_schedule_gives_a_factor_throughout_a_run(kind: str) -> None:
    needed = {"epochs": (2,)} if kind == "step" else {}
    schedule = SCHEDULES[kind].model_validate({"name": kind, **needed})
    factors = [schedule.at(epoch, step, 4, 3) for epoch in (1, 2, 3) for step in range(4)]
    assert all(0 <= factor <= 1 for factor in factors)
    assert max(factors) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("kind", SCHEDULES)
def test_a_schedule_rises_for_so_many_steps(kind: str) -> None:
    needed = {"epochs": (2,)} if kind == "step" else {}
    schedule = SCHEDULES[kind].model_validate({"name": kind, "warmup_steps": 6, **needed})
    factors = [schedule.at(1 + step // 4, step % 4, 4, 10) for step in range(40)]
    assert factors[6] == pytest.approx(1)
    rising = factors[:7] if kind == "one_cycle" else [*(number / 6 for number in range(6)), 1.0]
    assert factors[:7] == pytest.approx(rising)
    assert rising == sorted(rising)


def test_every_dataset_is_described_and_has_a_source() -> None:
    assert set(DATASETS) == set(SOURCES) == set(DatasetName)
