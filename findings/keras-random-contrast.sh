#!/bin/sh
# Keras 3.15.1: RandomContrast(0.5) never lowers the contrast.
# Expected: factors from 0.5 to 1.5, as its documentation says of a single number (lower = upper), and as Keras 2 drew.
# Seen: a single number f becomes (0, f), so factors are from 1 to 1 + f. Only a pair (f, f) draws from 1 - f on. With the
#   default value_range=(0, 255) nothing is cut off of pixels from 0 to 1 either.
# So: write RandomContrast((0.5, 0.5), value_range=(0, 1)).
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
pictures = np.tile(np.array([[0.4, 0.6]], "float32")[..., None], (500, 1, 1, 1))  # distances of 0.1 from the mean


def factors(layer):
    changed = np.asarray(layer(pictures, training=True))
    return (changed[:, 0, 1, 0] - changed[:, 0, 0, 0]) / 0.2


of_one, of_two = (factors(keras.layers.RandomContrast(factor)) for factor in (0.5, (0.5, 0.5)))
print(f"RandomContrast(0.5):        factors from {of_one.min():.2f} to {of_one.max():.2f}")
print(f"RandomContrast((0.5, 0.5)): factors from {of_two.min():.2f} to {of_two.max():.2f}")
assert of_one.min() > 0.99, "a single number lowers the contrast, too"
assert of_two.min() < 0.6
END
