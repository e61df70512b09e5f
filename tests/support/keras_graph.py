"""Keras's functional model of layers and blocks as a spec writes them, as an independent implementation: nothing of
Normlab's plan or builders is used, only the order in which its layers are numbered."""

from collections.abc import Sequence
from typing import Any

import keras

_MERGES = {
    "add": keras.layers.Add,
    "concatenate": keras.layers.Concatenate,
    "multiply": keras.layers.Multiply,
}


def functional(layers: Sequence[dict[str, Any]], shape: tuple[int, ...], classes: int) -> keras.Model:
    """The whole network: (batch, *shape) to probabilities (batch, classes)."""
    pixels = keras.Input(shape)
    outputs = keras.layers.Dense(classes, activation="softmax", name="output")(
        _Builder().chain(layers, pixels)
    )
    return keras.Model(pixels, outputs)


class _Builder:
    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def chain(self, layers: Sequence[dict[str, Any]], x: Any) -> Any:
        for layer in layers:
            if layer["type"] == "repeat":
                for _ in range(layer["times"]):
                    x = self.chain(layer["layers"], x)
            elif layer["type"] == "residual":
                y = self.chain(layer["layers"], x)
                shortcut = layer.get("shortcut", "identity")
                x = self._merge("add", [y, x if shortcut == "identity" else self.chain(shortcut, x)])
            elif layer["type"] == "branches":
                x = self._merge(layer["merge"], [self.chain(branch, x) for branch in layer["branches"]])
            else:
                x = self._layer(**layer)(x)
        return x

    def _merge(self, kind: str, values: list[Any]) -> Any:
        return _MERGES[kind](name=self._name(kind))(values)

    def _layer(self, type: str, **options: Any) -> keras.layers.Layer:
        name = self._name(type)
        match type:
            case "dense":
                return keras.layers.Dense(name=name, **options)
            case "conv2d":
                return keras.layers.Conv2D(name=name, **options)
            case "max_pooling2d":
                return keras.layers.MaxPooling2D(name=name, **options)
            case "batch_normalization":
                return keras.layers.BatchNormalization(name=name, **options)
            case "layer_normalization":
                return keras.layers.LayerNormalization(name=name, **options)
            case "activation":
                return keras.layers.Activation(name=name, **options)
            case "global_average_pooling2d":
                return keras.layers.GlobalAveragePooling2D(name=name)
            case "flatten":
                return keras.layers.Flatten(name=name)
            case "reshape":
                return keras.layers.Reshape(name=name, **options)
        raise ValueError(f"no {type} here")

    def _name(self, kind: str) -> str:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return f"{kind}_{self._counts[kind]}"
