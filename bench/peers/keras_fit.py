"""Keras's ``fit``: as the notebook has it, and with its options for speed."""

from collections.abc import Callable
from pathlib import Path

import keras
from keras import layers

from peers.data import load_split


def prepare(
    network: str, folder: Path, *, steps_per_execution: int, jit_compile: bool | str = "auto"
) -> Callable[[], dict[str, float]]:
    # Float64, as the notebook's division gives it.
    data = load_split(folder, "float64")
    keras.utils.set_random_seed(42)
    hidden, optimizer = build(network)
    model = keras.Sequential([keras.Input((28, 28)), *hidden, layers.Dense(10, activation="softmax")])
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=optimizer,
        metrics=["accuracy"],
        steps_per_execution=steps_per_execution,
        jit_compile=jit_compile,
    )

    def epoch() -> dict[str, float]:
        history = model.fit(
            data.x_train,
            data.y_train,
            epochs=1,
            validation_data=(data.x_valid, data.y_valid),
            verbose=2,
        )
        return {"val_accuracy": history.history["val_accuracy"][-1]}

    return epoch


def build(network: str) -> tuple[list[layers.Layer], keras.optimizers.Optimizer]:
    sgd = keras.optimizers.SGD(learning_rate=1e-3)
    match network:
        case "baseline":
            hidden = [
                layers.Flatten(),
                layers.Dense(300, kernel_initializer="he_normal"),
                layers.LeakyReLU(),
                layers.Dense(100, kernel_initializer="he_normal"),
                layers.LeakyReLU(),
            ]
        case "batch_norm":
            hidden = [
                layers.Flatten(),
                layers.BatchNormalization(),
                layers.Dense(300, activation="relu"),
                layers.BatchNormalization(),
                layers.Dense(100, activation="relu"),
                layers.BatchNormalization(),
            ]
        case "baseline_with_batch_norm":
            hidden = [
                layers.Flatten(),
                layers.BatchNormalization(),
                layers.Dense(300, kernel_initializer="he_normal"),
                layers.LeakyReLU(),
                layers.BatchNormalization(),
                layers.Dense(100, kernel_initializer="he_normal"),
                layers.LeakyReLU(),
                layers.BatchNormalization(),
            ]
        case "deep_sigmoid" | "deep_sigmoid_with_batch_norm":
            hidden = [layers.Flatten()]
            for _ in range(10):
                normalization = [layers.BatchNormalization()] if "batch_norm" in network else []
                hidden += [layers.Dense(50), *normalization, layers.Activation("sigmoid")]
        case "dropout_adam":
            hidden = [
                layers.Flatten(),
                layers.Dense(300, activation="relu"),
                layers.Dropout(0.3),
                layers.Dense(100, activation="relu"),
                layers.Dropout(0.3),
            ]
            return hidden, keras.optimizers.Adam()
        case "convolutional":
            hidden = [layers.Reshape((28, 28, 1))]
            for filters in (16, 32):
                hidden += [
                    layers.Conv2D(filters, 3),
                    layers.BatchNormalization(),
                    layers.Activation("relu"),
                    layers.MaxPooling2D(),
                ]
            hidden.append(layers.Flatten())
    return hidden, sgd
