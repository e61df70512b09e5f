#!/bin/sh
# TensorFlow 2.21.0: tf.reduce_mean of 100,000 ones in float16 is NaN.
# Expected: 1, as NumPy, PyTorch and keras.ops.mean (on the same TensorFlow) give.
# Seen: the sum overflows to infinity (float16 ends at 65,504) and is divided by a count that is infinity, too. A
#   mean over a batch of images in mixed_float16 is larger than that.
# So: tf.reduce_mean(tf.cast(x, tf.float32)), or keras.ops.mean.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'tensorflow-cpu==2.21.0' 'keras==3.15.1' 'numpy==2.4.6'
"$folder/venv/bin/python" - <<'END'
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np, tensorflow as tf

ones = np.ones(100_000, np.float16)
found = {
    "numpy": float(ones.mean()),
    "keras.ops.mean": float(keras.ops.mean(tf.constant(ones))),
    "tf.reduce_mean": float(tf.reduce_mean(tf.constant(ones))),
}
print(found)
assert found["numpy"] == found["keras.ops.mean"] == 1
assert np.isnan(found["tf.reduce_mean"])
END
