#!/bin/sh
# Keras 3.15.1 with tensorflow-cpu 2.21.0: Conv2D(groups=4) on a CPU.
# Expected: a quarter of the multiplications of groups=1, so at most its time.
# Seen: ten times the time of the same numbers from four convolutions of a quarter of the channels each, and
#   thirty times that of groups=1. Keras compiles each convolution in groups by XLA, inside whatever graph it stands
#   in. TensorFlow's own, tf.nn.convolution, is no way out where oneDNN is off: as soon as a bias follows, a graph
#   raises "Fused conv implementation does not support grouped convolutions".
# So: a subclass whose convolution_op splits the channels and the kernel.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'tensorflow-cpu==2.21.0' 'keras==3.15.1' 'numpy==2.4.6'
export KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3
"$folder/venv/bin/python" - <<'END'
from time import process_time

import keras
import numpy as np
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)


class BySplitting(keras.layers.Conv2D):
    def convolution_op(self, inputs, kernel):
        parts = zip(tf.split(inputs, self.groups, -1), keras.ops.split(kernel, self.groups, -1))
        return tf.concat([super(BySplitting, self).convolution_op(x, k) for x, k in parts], -1)


def measured(kind, groups):
    keras.utils.set_random_seed(1)
    x = tf.random.stateless_normal((32, 28, 28, 16), (1, 2))
    layer = kind(16, 3, groups=groups)
    layer.build(x.shape)

    @tf.function(autograph=False)
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_mean(tf.square(layer(x)))
        return tape.gradient(loss, [x, layer.kernel.value])

    found = [gradient.numpy() for gradient in step(x)]
    seconds = []
    for _ in range(7):
        began = process_time()
        step(x)
        seconds.append(process_time() - began)
    return min(seconds), found


keras_s, keras_gradients = measured(keras.layers.Conv2D, 4)
split_s, split_gradients = measured(BySplitting, 4)
whole_s, _ = measured(keras.layers.Conv2D, 1)
print(f"a step in 4 groups: Keras {keras_s * 1e3:.1f} ms, split {split_s * 1e3:.1f} ms of processor time")
print(f"a step without groups: Keras {whole_s * 1e3:.1f} ms")
for ours, theirs in zip(split_gradients, keras_gradients):
    np.testing.assert_allclose(ours, theirs, atol=2e-6 + 2e-5 * np.abs(theirs).max())
assert keras_s > 3 * split_s, "Keras takes several times as long"
assert keras_s > 1.5 * whole_s, "and longer than without groups"
END
