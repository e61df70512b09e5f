#!/bin/sh
# Keras 3.15.1: a function of one's own that has the name of one of Keras's activations is saved as Keras's.
# Expected: a config that names a custom object, which loading asks for, as with any other name.
# Seen: "activation": "relu", and the model that is made of the configuration computes max(x, 0) without a word.
# So: give activations of one's own a name that Keras does not have.
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


def relu(x):
    return x * x


model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, activation=relu, kernel_initializer="ones")])
again = keras.models.model_from_json(model.to_json())
again.set_weights(model.get_weights())
x = np.array([[-3.0]], "float32")
mine, theirs = (float(network.predict(x, verbose=0)[0, 0]) for network in (model, again))
print(f"activation in the configuration: {model.layers[0].get_config()['activation']!r}")
print(f"of -3: {mine} in the model, {theirs} in the one made of its configuration")
assert (mine, theirs) == (9.0, 0.0)
END
