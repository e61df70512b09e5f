#!/bin/sh
# Keras 3.15.1 with tensorflow-cpu 2.21.0: Conv2D(groups=4) on a CPU.
# Expected: a quarter of the multiplications of groups=1, so at most its time.
# Seen: about twenty times the time of the same numbers by tf.nn.convolution, and more than without groups. Keras
#   compiles each convolution in groups by XLA, inside whatever graph it stands in, since TensorFlow could not compute
#   them on a CPU once (a comment in its source says "broken"). TensorFlow 2.21 can, forwards and backwards, and gives
#   the same values and gradients.
# So: a subclass whose convolution_op calls tf.nn.convolution.
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


class Direct(keras.layers.Conv2D):
    def convolution_op(self, inputs, kernel):
        return tf.nn.convolution(inputs, tf.convert_to_tensor(kernel), self.strides, self.padding.upper())


def measured(kind, groups):
    keras.utils.set_random_seed(1)
    x = tf.random.stateless_normal((32, 28, 28, 16), (1, 2))
    layer = kind(16, 3, groups=groups)
    layer.build(x.shape)

    @tf.function
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
direct_s, direct_gradients = measured(Direct, 4)
whole_s, _ = measured(keras.layers.Conv2D, 1)
print(f"a step in 4 groups: Keras {keras_s * 1e3:.1f} ms, tf.nn.convolution {direct_s * 1e3:.1f} ms of processor time")
print(f"a step without groups: Keras {whole_s * 1e3:.1f} ms")
for ours, theirs in zip(direct_gradients, keras_gradients):
    np.testing.assert_allclose(ours, theirs, atol=2e-6 + 2e-5 * np.abs(theirs).max())
assert keras_s > 3 * direct_s, "Keras takes several times as long"
assert keras_s > whole_s, "and longer than without groups"
END
