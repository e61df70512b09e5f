#!/bin/sh
# Keras 3.15.1: an adapted Normalization does not standardize a column of small numbers.
# Expected: mean 0 and standard deviation 1 of what was adapted to, whatever the unit: that is what the layer is for.
# Seen: it divides by max(sqrt(variance), 1e-7), keras.config.epsilon(). Wavelengths in metres that vary by 2e-9 come out
#   with a deviation of 0.02, without a word: beside other columns of deviation 1 a network hardly sees them. The same
#   numbers in nanometres come out right.
# So: bring such a column to a larger unit first, or divide by a deviation of your own; keras.config.set_epsilon(1e-30)
#   before the layer is called helps, too, but is every other layer's default as well.
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

metres = np.random.default_rng(0).normal(500e-9, 2e-9, (1000, 1))


def deviation(values):
    layer = keras.layers.Normalization(axis=-1)
    layer.adapt(values)
    return float(np.asarray(layer(values)).std())


in_metres, in_nanometres = deviation(metres), deviation(metres * 1e9)
print(f"deviation of what comes out: {in_metres:.3f} of metres, {in_nanometres:.3f} of nanometres")
assert in_metres < 0.05, "small numbers are standardized, too"
assert abs(in_nanometres - 1) < 0.01
END
