"""How far an epoch of Normlab and one of ``model.fit`` drift apart in float32.

Both start from the same weights and take the same batches in the same order: what differs is the order of rounding.
The drift is the length of the difference of all weights over the length of all weights, after one epoch of
Fashion-MNIST; dropout is left out, since both draw other numbers.
"""

import argparse
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # read when TensorFlow is imported

from pathlib import Path
from typing import Any

import keras
import numpy as np
from networks import NETWORKS
from peers.data import BATCH, load_split
from peers.keras_fit import build

from normlab.spec import parse_job_spec, plan_job
from normlab.training import train
from normlab.training.layers.network import build_network, initial_weights

CASES: list[tuple[str, dict[str, Any]]] = [
    ("baseline", {"name": "sgd"}),
    ("baseline", {"name": "sgd", "momentum": 0.9}),
    ("batch_norm", {"name": "sgd"}),
    ("batch_norm", {"name": "sgd", "momentum": 0.9}),
    ("batch_norm", {"name": "adam"}),
    ("deep_sigmoid_with_batch_norm", {"name": "sgd"}),
    ("convolutional", {"name": "sgd"}),
]
OPTIMIZERS = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}


def drift(network: str, optimizer: dict[str, Any], folder: Path) -> float:
    """The drift of one network with one optimizer at a learning rate of 0.001."""
    training = {"epochs": 1, "shuffle": False, "optimizer": optimizer | {"learning_rate": 1e-3}}
    spec = parse_job_spec(NETWORKS[network] | {"training": training})
    ours = train(spec, data_dir=folder).weights

    data = load_split(folder)
    hidden, _ = build(network)
    model = keras.Sequential([keras.Input((28, 28)), *hidden, keras.layers.Dense(10, activation="softmax")])
    planned = plan_job(spec)
    model.set_weights(initial_weights(build_network(planned, "float32"), planned, spec.training.seed))
    parameters = {name: value for name, value in optimizer.items() if name != "name"}
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=OPTIMIZERS[optimizer["name"]](learning_rate=1e-3, **parameters),
        steps_per_execution=50,
    )
    model.fit(data.x_train, data.y_train, batch_size=BATCH, shuffle=False, verbose=0)
    theirs = model.get_weights()
    difference = np.concatenate([(a - b).ravel() for a, b in zip(ours, theirs, strict=True)])
    return float(np.linalg.norm(difference) / np.linalg.norm(np.concatenate([w.ravel() for w in theirs])))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with the dataset in it")
    options = parser.parse_args()
    print("\n### Drift from model.fit in float32, after one epoch\n")
    print("| network | optimizer | relative difference of all weights |")
    print("| --- | --- | --- |")
    for network, optimizer in CASES:
        told = ", ".join(str(value) for value in optimizer.values())
        print(f"| {network} | {told} | {drift(network, optimizer, options.data):.1e} |", flush=True)


if __name__ == "__main__":
    main()
