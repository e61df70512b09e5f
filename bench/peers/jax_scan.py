"""JAX by hand: one compiled ``lax.scan`` over the steps of an epoch, with the data on the device."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from peers.data import BATCH, load_split

Tree = Any
Layer = tuple[str, Any]

LAYERS: dict[str, list[Layer]] = {
    "baseline": [("dense", 300), ("leaky_relu", None), ("dense", 100), ("leaky_relu", None), ("dense", 10)],
    "batch_norm": [
        ("norm", None),
        ("dense", 300),
        ("relu", None),
        ("norm", None),
        ("dense", 100),
        ("relu", None),
        ("norm", None),
        ("dense", 10),
    ],
    "deep_sigmoid_with_batch_norm": [
        *([("dense", 50), ("norm", None), ("sigmoid", None)] * 10),
        ("dense", 10),
    ],
    "dropout_adam": [
        ("dense", 300),
        ("relu", None),
        ("dropout", 0.3),
        ("dense", 100),
        ("relu", None),
        ("dropout", 0.3),
        ("dense", 10),
    ],
    "convolutional": [
        ("image", None),
        *[
            layer
            for filters in (16, 32)
            for layer in (("conv", filters), ("norm", None), ("relu", None), ("pool", 2))
        ],
        ("flatten", None),
        ("dense", 10),
    ],
}
ACTIVATIONS = {
    "leaky_relu": partial(jax.nn.leaky_relu, negative_slope=0.3),
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
}
CONVOLUTION = ("NHWC", "HWIO", "NHWC")


def prepare(network: str, folder: Path) -> Callable[[], dict[str, float]]:
    data = load_split(folder)
    x, y = jnp.asarray(data.x_train.reshape(-1, 784)), jnp.asarray(data.y_train, jnp.int32)
    x_valid, y_valid = jnp.asarray(data.x_valid.reshape(-1, 784)), jnp.asarray(data.y_valid, jnp.int32)
    layers = LAYERS[network]
    draw = np.random.default_rng(42)
    parameters, moving = initialize(layers, draw)
    adam = network == "dropout_adam"
    slots = (jax.tree.map(jnp.zeros_like, (parameters, parameters)), jnp.zeros(())) if adam else ()
    carry = (parameters, moving, slots, jax.random.key(0), jnp.zeros(()), jnp.zeros((), jnp.int32))

    def step(carry: Tree, batch: jax.Array) -> tuple[Tree, None]:
        parameters, moving, slots, key, loss_sum, correct = carry
        key, noise = jax.random.split(key)
        labels = y[batch]  # (batch,)

        def loss_of(parameters: Tree) -> tuple[jax.Array, Tree]:
            logits, new_moving = apply(layers, parameters, moving, x[batch], noise)  # (batch, 10)
            chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1)
            return -chosen.mean(), (new_moving, logits)

        (loss, (moving, logits)), gradients = jax.value_and_grad(loss_of, has_aux=True)(parameters)
        parameters, slots = update(parameters, slots, gradients, adam)
        correct += (logits.argmax(1) == labels).sum()
        return (parameters, moving, slots, key, loss_sum + loss * len(batch), correct), None

    # Two programs, as the last batch is smaller.
    run = jax.jit(lambda carry, order: lax.scan(step, carry, order)[0], donate_argnums=0)

    @jax.jit
    def valid_accuracy(parameters: Tree, moving: Tree) -> jax.Array:
        logits, _ = apply(layers, parameters, moving, x_valid, None)
        return (logits.argmax(1) == y_valid).mean()

    state = [carry]

    def epoch() -> dict[str, float]:
        order = draw.permutation(len(x)).astype(np.int32)
        whole = len(x) // BATCH * BATCH
        carry = run(state[0], order[:whole].reshape(-1, BATCH))
        carry = run(carry, order[whole:][None])
        state[0] = (*carry[:4], jnp.zeros(()), jnp.zeros((), jnp.int32))
        accuracy = float(valid_accuracy(carry[0], carry[1]))
        return {"loss": float(carry[4]) / len(x), "val_accuracy": accuracy}

    return epoch


def initialize(layers: list[Layer], draw: np.random.Generator) -> tuple[Tree, Tree]:
    """Parameters and moving statistics of each layer; the input is 784 wide, or 28 x 28 x 1."""
    parameters, moving = [], []
    width, height = 784, 28
    for kind, size in layers:
        made: Tree = ()
        statistics: Tree = ()
        if kind == "dense":
            limit = (6 / (width + size)) ** 0.5
            made = (jnp.asarray(draw.uniform(-limit, limit, (width, size)), jnp.float32), jnp.zeros(size))
            width = size
        elif kind == "conv":
            limit = (6 / (9 * (width + size))) ** 0.5
            made = (
                jnp.asarray(draw.uniform(-limit, limit, (3, 3, width, size)), jnp.float32),
                jnp.zeros(size),
            )
            width, height = size, height - 2
        elif kind == "norm":
            made, statistics = (jnp.ones(width), jnp.zeros(width)), (jnp.zeros(width), jnp.ones(width))
        elif kind == "image":
            width = 1
        elif kind == "pool":
            height //= size
        elif kind == "flatten":
            width *= height * height
        parameters.append(made)
        moving.append(statistics)
    return parameters, moving


def apply(
    layers: list[Layer], parameters: Tree, moving: Tree, x: jax.Array, noise: jax.Array | None
) -> tuple[jax.Array, Tree]:
    """Logits and new moving statistics; ``noise`` is None in evaluation."""
    new_moving = list(moving)
    for index, ((kind, size), own) in enumerate(zip(layers, parameters, strict=True)):
        if kind == "dense":
            x = x @ own[0] + own[1]
        elif kind == "conv":
            x = lax.conv_general_dilated(x, own[0], (1, 1), "VALID", dimension_numbers=CONVOLUTION) + own[1]
        elif kind == "norm":
            axes = tuple(range(x.ndim - 1))
            mean, variance = moving[index]
            if noise is not None:
                new_mean, new_variance = x.mean(axes), x.var(axes)
                new_moving[index] = (0.99 * mean + 0.01 * new_mean, 0.99 * variance + 0.01 * new_variance)
                mean, variance = new_mean, new_variance
            x = (x - mean) * (lax.rsqrt(variance + 1e-3) * own[0]) + own[1]
        elif kind == "dropout":
            if noise is not None:
                kept = jax.random.bernoulli(jax.random.fold_in(noise, index), 1 - size, x.shape)
                x = jnp.where(kept, x / (1 - size), 0)
        elif kind == "image":
            x = x.reshape(-1, 28, 28, 1)
        elif kind == "pool":
            x = lax.reduce_window(x, -jnp.inf, lax.max, (1, size, size, 1), (1, size, size, 1), "VALID")
        elif kind == "flatten":
            x = x.reshape(len(x), -1)
        else:
            x = ACTIVATIONS[kind](x)
    return x, new_moving


def update(parameters: Tree, slots: Tree, gradients: Tree, adam: bool) -> tuple[Tree, Tree]:
    if not adam:
        return jax.tree.map(lambda p, g: p - 1e-3 * g, parameters, gradients), slots
    (first, second), count = slots
    count += 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
    rate = 1e-3 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    moved = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), parameters, first, second)
    return moved, ((first, second), count)
