"""Models as people write them in tutorials and courses, for pictures of 8 by 8 pixels and ten classes."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

Model = keras.Model


def first_steps() -> Model:
    """The first network of most courses."""
    model = keras.Sequential(
        [
            keras.Input((8, 8)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def flattened_before() -> Model:
    """Pixels in a row, one-hot labels."""
    model = keras.Sequential(
        [keras.Input((64,)), layers.Dense(32, activation="relu"), layers.Dense(10, activation="softmax")]
    )
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    return model


def small_cnn() -> Model:
    """Two convolutions with pooling, dropout, softmax."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Rescaling(1 / 16),
            layers.Conv2D(8, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(16, (2, 2), activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def added_one_by_one() -> Model:
    """``model.add`` with layers of activations."""
    model = keras.Sequential(name="added")
    model.add(keras.Input(shape=(8, 8)))
    model.add(layers.Flatten())
    for units in (30, 20):
        model.add(layers.Dense(units, kernel_initializer="he_normal"))
        model.add(layers.LeakyReLU())
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(keras.optimizers.SGD(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def normalized_before_activations() -> Model:
    """Batch normalization between kernel and activation, no bias before it."""
    inner: list[Any] = [keras.Input((8, 8)), layers.Flatten()]
    for units in (30, 20):
        inner += [
            layers.Dense(units, use_bias=False, kernel_initializer="he_normal"),
            layers.BatchNormalization(momentum=0.9),
            layers.Activation("elu"),
        ]
    model = keras.Sequential([*inner, layers.Dense(10, activation="softmax")])
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=1.0),
        "sparse_categorical_crossentropy",
    )
    return model


def self_normalizing() -> Model:
    """SELU with LeCun's initialization."""
    hidden = [layers.Dense(25, activation="selu", kernel_initializer="lecun_normal") for _ in range(4)]
    return keras.Sequential(
        [keras.Input((8, 8)), layers.Flatten(), *hidden, layers.Dense(10, activation="softmax")]
    )


def penalized() -> Model:
    """L2 on kernels, decoupled weight decay."""
    decay = keras.regularizers.L2(1e-3)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(6, 3, padding="same", activation="relu", kernel_regularizer=decay),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(20, activation="tanh", kernel_regularizer="l2"),
            layers.Dense(10),
            layers.Softmax(),
        ]
    )
    model.compile(keras.optimizers.AdamW(2e-3, weight_decay=1e-2), "sparse_categorical_crossentropy")
    return model


def strided_with_group_normalization() -> Model:
    """All convolutional, functional, means at the end."""
    inputs = x = keras.Input((8, 8, 1))
    x = layers.Rescaling(1.0 / 16)(x)
    for filters in (8, 16):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.GroupNormalization(groups=4)(x)
        x = layers.Activation("gelu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def with_a_reshape() -> Model:
    """The picture gets its channel in the model."""
    return keras.Sequential(
        [
            keras.Input((8, 8)),
            layers.Reshape((8, 8, 1)),
            layers.Conv2D(4, 5, dilation_rate=1, activation="leaky_relu"),
            layers.LayerNormalization(),
            layers.Flatten(),
            layers.Dense(10),
            layers.Activation("softmax"),
        ]
    )


def blocks_as_models() -> Model:
    """Sequentials in a functional model."""
    body = keras.Sequential([layers.Dense(24, activation="silu"), layers.Dense(12, activation="mish")])
    inputs = keras.Input((8, 8))
    x = body(layers.Flatten()(inputs))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def residual() -> Model:
    """Two residual blocks, the second with a convolution as its shortcut."""
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    for filters, strides in ((4, 1), (8, 2)):
        y = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
        y = layers.BatchNormalization()(y)
        y = layers.ReLU()(y)
        y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
        y = layers.BatchNormalization()(y)
        if strides > 1:
            x = layers.Conv2D(filters, 1, strides=strides)(x)
        x = layers.ReLU()(layers.add([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def inception() -> Model:
    """Branches side by side."""
    inputs = keras.Input((8, 8, 1))
    ways = [
        layers.Conv2D(3, 1, activation="relu")(inputs),
        layers.Conv2D(4, 3, padding="same", activation="relu")(inputs),
        layers.MaxPooling2D(3, strides=1, padding="same")(inputs),
    ]
    x = layers.Flatten()(layers.Concatenate()(ways))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def densely_connected() -> Model:
    """Each layer sees all before it."""
    inputs = keras.Input((8, 8))
    x = layers.Flatten()(inputs)
    for _ in range(3):
        x = layers.Concatenate()([x, layers.Dense(8, activation="relu")(x)])
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def gated() -> Model:
    """Channels weighted by what is seen in the whole picture, and a sum written with a plus."""
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, activation="relu")(inputs)
    gate = layers.GlobalAveragePooling2D()(x)
    gate = layers.Reshape((1, 1, 8))(gate)
    gate = layers.Dense(8, activation="sigmoid")(layers.Dense(2, activation="relu")(gate))
    x = layers.Multiply()([x, gate])
    x = x + layers.Conv2D(8, 1)(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(layers.Flatten()(x)))


def mobile() -> Model:
    """Kernels of single channels, slopes that are learned."""
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(6, 3, strides=2, padding="same")(inputs)
    x = layers.PReLU(shared_axes=[1, 2])(x)
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, depthwise_regularizer="l2")(x)
    x = layers.PReLU()(x)
    x = layers.SeparableConv2D(
        8,
        2,
        depth_multiplier=2,
        activation="relu",
        pointwise_regularizer=keras.regularizers.L1(1e-3),
        pointwise_constraint=keras.constraints.MaxNorm(3.0, axis=[0, 1, 2]),
    )(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(layers.Flatten()(x)))


def attending() -> Model:
    """The rows of a picture look at each other."""
    inputs = x = keras.Input((8, 8))
    for value_dim in (None, 5):
        attention = layers.MultiHeadAttention(2, 4, value_dim=value_dim, kernel_regularizer="l2")
        x = layers.LayerNormalization()(layers.Add()([x, attention(x, x)]))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(layers.Flatten()(x)))


def discriminator() -> Model:
    """Kernels divided by their largest singular value."""
    normalized = layers.SpectralNormalization
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            normalized(layers.Conv2D(6, 3, strides=2, activation="leaky_relu")),
            layers.Flatten(),
            normalized(layers.Dense(12, activation="relu", kernel_regularizer="l2"), power_iterations=3),
            layers.Dense(10, activation="softmax"),
        ]
    )


def renormalized() -> Model:
    """Batch renormalization, with bounds and without."""
    return keras.Sequential(
        [
            keras.Input((8, 8)),
            layers.Flatten(),
            layers.Dense(16, use_bias=False),
            layers.BatchNormalization(renorm=True, renorm_clipping={"rmax": 1.5, "dmax": 0.5}),
            layers.Dense(12, activation="relu"),
            layers.BatchNormalization(renorm=True, renorm_momentum=0.9, momentum=0.8, center=False),
            layers.Dense(10, activation="softmax"),
        ]
    )


MODELS: dict[str, tuple[Callable[[], Model], str]] = {
    "first_steps": (first_steps, "flatten dense dropout"),
    "flattened_before": (flattened_before, "flatten dense"),
    "small_cnn": (small_cnn, "reshape conv2d max_pooling2d conv2d flatten dropout"),
    "added_one_by_one": (added_one_by_one, "flatten dense activation dense activation"),
    "normalized_before_activations": (
        normalized_before_activations,
        "flatten dense batch_normalization activation dense batch_normalization activation",
    ),
    "self_normalizing": (self_normalizing, "flatten dense dense dense dense"),
    "penalized": (penalized, "reshape conv2d average_pooling2d flatten dense"),
    "strided_with_group_normalization": (
        strided_with_group_normalization,
        "reshape conv2d group_normalization activation conv2d group_normalization activation global_average_pooling2d",
    ),
    "with_a_reshape": (with_a_reshape, "reshape conv2d activation layer_normalization flatten"),
    "blocks_as_models": (blocks_as_models, "flatten dense dense"),
    "residual": (residual, "reshape conv2d residual activation residual activation global_average_pooling2d"),
    "inception": (inception, "reshape branches flatten"),
    "densely_connected": (densely_connected, "flatten branches branches branches"),
    "mobile": (mobile, "reshape conv2d prelu depthwise_conv2d prelu separable_conv2d flatten"),
    "attending": (attending, "residual layer_normalization residual layer_normalization flatten"),
    "discriminator": (discriminator, "reshape conv2d activation flatten dense"),
    "renormalized": (renormalized, "flatten dense batch_renormalization dense batch_renormalization"),
    "gated": (gated, "reshape conv2d branches residual flatten"),
}
"""By name: the model, and the layers and blocks that a spec says it with."""
