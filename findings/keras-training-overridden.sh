#!/bin/sh
# Keras 3.15.1: what a layer of a functional model was called with as training= does not hold in fit, evaluate, predict.
# Expected: Dropout(0.5)(x, training=True) drops wherever the model is called (Monte Carlo dropout), and
#   BatchNormalization()(x, training=False) keeps its moving statistics in fit (a frozen layer).
# Seen: the model's own training argument, which fit, evaluate and predict always pass, replaces it: predict drops nothing,
#   fit moves the statistics. Only model(x) without the argument obeys.
# So: trainable = False freezes a batch normalization; for Monte Carlo dropout call model(x) or model(x, training=True).
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
inputs = keras.Input((1000,))
dropping = keras.Model(inputs, keras.layers.Dropout(0.5)(inputs, training=True))
x = np.ones((4, 1000), "float32")
called = float(np.mean(keras.ops.convert_to_numpy(dropping(x)) == 0))
predicted = float(np.mean(dropping.predict(x, verbose=0) == 0))
print(f"zeros behind Dropout(0.5)(x, training=True): {called:.2f} in model(x), {predicted:.2f} in predict")

inputs = keras.Input((3,))
normalization = keras.layers.BatchNormalization()
frozen = keras.Model(inputs, normalization(inputs, training=False))
frozen.compile("sgd", "mse")
before = keras.ops.convert_to_numpy(normalization.moving_mean).copy()
samples = np.full((32, 3), 5.0, "float32")
frozen.fit(samples, samples, verbose=0)
moved = float(np.abs(keras.ops.convert_to_numpy(normalization.moving_mean) - before).max())
print(f"moving mean of BatchNormalization()(x, training=False) moved by {moved:.3f} in fit")
assert abs(called - 0.5) < 0.05
assert predicted == 0, "predict obeys now"
assert moved > 0.01, "fit obeys now"
END
