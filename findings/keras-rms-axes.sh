#!/bin/sh
# Keras 3.15.1: RMSNormalization over several axes multiplies its scale along the last axes, whichever were asked for.
# Expected: with axis=[1, 2] of (batch, height, width, channels) the scale, of shape (height, width), weighs places.
# Seen: its values lie along (width, channels). Where these are as long as (height, width) nothing is said, else it is an
#   error of shapes.
# So: move the axes to the end first (Permute), or normalize over the last axis alone.
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

layer = keras.layers.RMSNormalization(axis=[1, 2])
x = np.ones((1, 3, 3, 3), "float32")
layer.build(x.shape)
layer.scale.assign(np.arange(9, dtype="float32").reshape(3, 3))
y = keras.ops.convert_to_numpy(layer(x))[0]
print("scale:", layer.scale.shape, "of height 0, width 1, where the scale is 1 in all channels:", y[0, 1])
scale = np.arange(9).reshape(3, 3)
assert np.allclose(y, np.broadcast_to(scale, (3, 3, 3)), atol=1e-3), "the scale lies along the last axes no more"
assert not np.allclose(y, np.broadcast_to(scale[:, :, None], (3, 3, 3)), atol=1e-3)
END
