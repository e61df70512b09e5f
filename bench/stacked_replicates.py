"""Whether training several replicates in one compiled program pays on a CPU.

Steps of the notebook's baseline (its products, leaky ReLU, cross-entropy, plain SGD) on one core, as XLA compiles them:
one network; five whose weights are stacked, so that each product is a batched one; and five side by side in one step.
Printed is the processor time for each network and step.

usage: python bench/stacked_replicates.py
"""

import os
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # read when TensorFlow is imported

import tensorflow as tf

SIZES = (784, 300, 100, 10)
BATCH = 32
STEPS = 400
REPLICATES = 5
ROUNDS = 5

Weights = Sequence[tf.Variable]


def main() -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    x = tf.random.uniform((STEPS, BATCH, SIZES[0]))
    y = tf.random.uniform((STEPS, BATCH), 0, SIZES[-1], dtype=tf.int32)
    programs = {
        "one network": (program([weights()], x, y), 1),
        "five, stacked": (program([weights(REPLICATES)], x, y), REPLICATES),
        "five, side by side": (program([weights() for _ in range(REPLICATES)], x, y), REPLICATES),
    }
    for run, _ in programs.values():
        run()  # compiles
    lowest = dict.fromkeys(programs, float("inf"))
    for _ in range(ROUNDS):
        for name, (run, networks) in programs.items():
            began = time.process_time()
            run()
            lowest[name] = min(lowest[name], (time.process_time() - began) / STEPS / networks)
    for name, seconds in lowest.items():
        print(
            f"{name}: {seconds * 1e6:.0f} us a network and step, "
            f"{seconds / lowest['one network']:.2f} times one network"
        )


def weights(*replicates: int) -> Weights:
    """Kernels of the three layers, stacked along a first axis where there are several replicates."""
    shapes = [(*replicates, *shape) for shape in pairwise(SIZES)]
    return [tf.Variable(tf.random.normal(shape, stddev=0.05)) for shape in shapes]


def program(networks: Sequence[Weights], x: tf.Tensor, y: tf.Tensor) -> Callable[[], None]:
    """All steps for all networks, compiled."""

    @tf.function(jit_compile=True, autograph=False)
    def run() -> None:
        def step(i: tf.Tensor) -> tuple[tf.Tensor]:
            for kernels in networks:
                with tf.GradientTape() as tape:
                    loss = _loss(kernels, x[i], y[i])
                for kernel, gradient in zip(kernels, tape.gradient(loss, kernels), strict=True):
                    kernel.assign_sub(0.001 * gradient)
            return (i + 1,)

        tf.while_loop(lambda i: i < STEPS, step, (tf.constant(0),))

    return run


def _loss(kernels: Weights, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The mean cross-entropy of a batch, summed over stacked networks."""
    stacked = kernels[0].shape[:-2]
    h = tf.broadcast_to(x, (*stacked, *x.shape))
    for kernel in kernels:
        h = tf.matmul(h, kernel)
        if kernel is not kernels[-1]:
            h = tf.nn.leaky_relu(h, 0.3)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.broadcast_to(y, (*stacked, *y.shape)), h)
    return tf.reduce_sum(tf.reduce_mean(losses, axis=-1))


if __name__ == "__main__":
    main()
