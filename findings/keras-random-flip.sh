#!/bin/sh
# Keras 3.15.1: RandomFlip() never mirrors a picture.
# Expected: with the default mode, "horizontal_and_vertical", each direction by its own chance, so that a quarter of the
#   pictures is mirrored to the side, a quarter upside down, a quarter both. torchvision's two flips do, and Keras 2 did.
# Seen: one number is drawn for both directions: half of the pictures are turned by 180 degrees, the others stay.
# So: two layers, RandomFlip("horizontal") and RandomFlip("vertical").
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'tensorflow-cpu==2.21.0' 'keras==3.15.1' 'numpy==2.4.6'
export KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3
"$folder/venv/bin/python" - <<'END'
from collections import Counter

import keras
import numpy as np

keras.utils.set_random_seed(1)
pictures = np.tile(np.arange(4, dtype="float32").reshape(1, 2, 2, 1), (400, 1, 1, 1))
names = {(0, 1, 2, 3): "as it is", (1, 0, 3, 2): "to the side", (2, 3, 0, 1): "upside down", (3, 2, 1, 0): "turned"}


def seen(*layers):
    x = pictures
    for layer in layers:
        x = layer(x, training=True)
    return Counter(names[tuple(picture.ravel().astype(int))] for picture in np.asarray(x))


one = seen(keras.layers.RandomFlip())
two = seen(keras.layers.RandomFlip("horizontal"), keras.layers.RandomFlip("vertical"))
print("RandomFlip():", dict(one))
print("two layers:  ", dict(two))
assert set(one) == {"as it is", "turned"}, "each direction has a chance of its own"
assert set(two) == set(names.values())
END
