#!/bin/sh
# Keras 3.15.1: SpectralNormalization under mixed_bfloat16 rounds the float32 kernel to bfloat16 at every training step.
# Expected: the variable stays float32, as mixed precision promises; only computation is in 16 bits.
# Seen: the layer divides the kernel in the compute type and assigns the result, so after each call with training=True all
#   values of the variable are bfloat16's, and an update below their last bit (1/256 of a value) is lost.
# So: give the layer dtype="float32" where the rest of the network is mixed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'tensorflow-cpu==2.21.0' 'keras==3.15.1' 'numpy==2.4.6'
export KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3
"$folder/venv/bin/python" - <<'END'
import keras
import numpy as np

keras.utils.set_random_seed(1)


def values_kept(policy):
    dense = keras.layers.Dense(64, dtype="mixed_bfloat16")
    layer = keras.layers.SpectralNormalization(dense, dtype=policy)
    layer(np.ones((2, 64), "float32"), training=True)
    kernel = keras.ops.convert_to_numpy(dense.kernel)
    assert kernel.dtype == "float32"
    rounded = keras.ops.convert_to_numpy(keras.ops.cast(keras.ops.cast(kernel, "bfloat16"), "float32"))
    return float(np.mean(kernel != rounded))


mixed, full = values_kept("mixed_bfloat16"), values_kept("float32")
print(f"kernel values with more bits than bfloat16 has: {mixed:.0%} under mixed_bfloat16, {full:.0%} under float32")
assert mixed == 0 and full > 0.9
END
