"""What the service works out of a network without TensorFlow, against Keras's own, for random stacks of layers."""

from math import prod
from typing import Any

import keras
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from normlab.spec import PlannedLayer, plan
from normlab.spec.graph import NETWORK_INPUT
from normlab.spec.layers import LAYERS, BaseLayer
from normlab.spec.plan import UnbuildableError
from normlab.training.layers.builders import KERAS, build_layer
from normlab.training.layers.network import build_network

CLASSES = 3

sizes = st.integers(1, 4)
pairs = st.one_of(sizes, st.lists(sizes, min_size=2, max_size=2))
paddings = st.sampled_from(["valid", "same"])
flags = st.booleans()
slide = {"strides": pairs, "padding": paddings}
even = {"strides": sizes, "padding": paddings}
causal = st.sampled_from(["valid", "same", "causal"])
interpolations = st.sampled_from(["nearest", "bilinear"])
affine = {"center": flags, "scale": flags}

FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "flatten": {},
    "reshape": {"target_shape": st.lists(st.sampled_from([-1, 1, 2, 3, 4, 6]), min_size=1, max_size=4)},
    "dense": {"units": sizes, "use_bias": flags},
    "conv2d": {"filters": sizes, "kernel_size": pairs, "use_bias": flags, **slide},
    "max_pooling2d": {"pool_size": pairs, **slide},
    "average_pooling2d": {"pool_size": pairs, **slide},
    "global_average_pooling2d": {},
    "batch_normalization": affine,
    "layer_normalization": affine,
    "group_normalization": {"groups": sizes, **affine},
    "activation": {"activation": st.sampled_from(["relu", "leaky_relu"])},
    "dropout": {"rate": st.just(0.5)},
    "depthwise_conv2d": {"kernel_size": pairs, "depth_multiplier": sizes, "use_bias": flags, **even},
    "separable_conv2d": {"filters": sizes, "kernel_size": pairs, "use_bias": flags, **even},
    "conv1d": {
        "filters": sizes,
        "kernel_size": sizes,
        "strides": sizes,
        "padding": causal,
        "use_bias": flags,
    },
    "global_max_pooling2d": {},
    "zero_padding2d": {"padding": st.integers(0, 2)},
    "up_sampling2d": {"size": st.sampled_from([1, 2, [1, 2]]), "interpolation": interpolations},
    "batch_renormalization": affine,
    "instance_normalization": affine,
    "rms_normalization": {},
    "unit_normalization": {},
    "filter_response_normalization": {"thresholded": flags},
    "lrn": {},
    "scale_only": {"scalar": flags},
    "bias_only": {"scalar": flags},
    "prelu": {"shared_axes": st.sampled_from([None, [1], [1, 2]])},
    "spatial_dropout2d": {"rate": st.just(0.5)},
    "gaussian_dropout": {"rate": st.just(0.5)},
    "gaussian_noise": {"stddev": st.just(0.5)},
    "multi_head_attention": {
        "num_heads": sizes,
        "key_dim": sizes,
        "value_dim": st.none() | sizes,
        "use_bias": flags,
    },
}


@st.composite
def layers(draw: st.DrawFn) -> BaseLayer:
    """A layer that a spec can have, whether or not it fits what enters it."""
    kind = draw(st.sampled_from(sorted(LAYERS)))
    document = {"type": kind} | {name: draw(values) for name, values in FIELDS[kind].items()}
    if kind == "reshape" and document["target_shape"].count(-1) > 1:
        document["target_shape"] = [abs(size) for size in document["target_shape"]]
    if kind.endswith(("conv1d", "conv2d")) and draw(flags):
        document |= {"strides": 1, "dilation_rate": draw(sizes)}
    if kind in {"conv1d", "conv2d"}:
        document["groups"] = draw(st.sampled_from([n for n in (1, 2, 3) if document["filters"] % n == 0]))
    return LAYERS[kind].model_validate(document)


@st.composite
def stacks(draw: st.DrawFn) -> tuple[tuple[int, ...], list[BaseLayer]]:
    """The shape of a sample, and layers that fit each other, the last of which gives one row."""
    shape = draw(st.sampled_from([(6, 6), (5, 4, 3), (12,)]))
    fitting: list[BaseLayer] = []
    for layer in draw(st.lists(layers(), max_size=8)):
        try:
            plan([*fitting, layer, LAYERS["flatten"](type="flatten")], shape, CLASSES)
        except UnbuildableError:
            continue
        fitting.append(layer)
    return shape, [*fitting, LAYERS["flatten"](type="flatten")]


bounded = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)


def test_every_kind_is_drawn() -> None:
    assert set(FIELDS) == set(LAYERS)


@bounded
@given(stacks())
def test_shapes_parameters_and_multiplications_are_keras_own(
    stack: tuple[tuple[int, ...], list[BaseLayer]],
) -> None:
    shape, hidden = stack
    planned = plan(hidden, shape, CLASSES)
    network = build_network(planned, "float32")
    assert len(network.layers) == len(planned) + 1
    for item, built in zip(planned, network.layers[1:], strict=True):
        assert tuple(built.output.shape) == (None, *item.output_shape)
        assert sum(variable.size for variable in item.variables) == built.count_params()
        trainable = sum(variable.size for variable in item.variables if variable.trainable)
        assert trainable == sum(prod(weight.shape) for weight in built.trainable_weights)
        assert item.layer.multiplications(item.input_shape) == multiplications(built)
    assert network.count_params() == sum(v.size for item in planned for v in item.variables)


def multiplications(built: keras.layers.Layer) -> int:
    """A kernel is applied at each position of the output, and each application multiplies by each of its numbers."""
    positions = prod(built.output.shape[1:-1])
    if isinstance(built, keras.layers.MultiHeadAttention):
        weights = built.num_heads * positions**2
        scored = weights * built.key_dim + weights * built.value_dim
    else:
        scored = 0
    return scored + positions * sum(prod(weight.shape) for weight in built.weights if "kernel" in weight.name)


@bounded
@given(st.sampled_from([(6, 6), (5, 4, 3), (12,)]), layers())
def test_what_does_not_fit_is_what_keras_refuses(shape: tuple[int, ...], layer: BaseLayer) -> None:
    assume(hasattr(keras.layers, layer.keras_class))
    assume(layer.type != "multi_head_attention" or len(shape) == 2)  # it is offered for rows alone
    planned = PlannedLayer("one", layer, (NETWORK_INPUT,), (shape,), (), "/layers/0")
    try:
        ours: tuple[int, ...] | None = layer.output_shape(shape)
    except ValueError as error:
        ours = None
        if "would be left" in str(error):  # Keras builds what makes all inputs alike
            return
    try:
        theirs = tuple(build_layer(planned, "float32", KERAS)(keras.Input(shape)).shape[1:])
    except ValueError:
        theirs = None
    assert ours == theirs
