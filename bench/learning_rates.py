"""Which learning rates an arm takes: accuracy by rate, with and without batch normalization, for docs/diagnosis.md.

Each arm is trained with each rate and seed on a part of Fashion-MNIST. Printed are the means of the validation
accuracy after the last epoch as Markdown, and the rates at which an arm is within two points of its own best. That a
loss stays finite is no criterion: a network of scale-free kernels does not blow up at any rate.
"""

import argparse
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # read when TensorFlow is imported

from pathlib import Path
from statistics import fmean, stdev

import tensorflow as tf

from normlab.errors import NormlabError
from normlab.spec import parse_job_spec
from normlab.training import train

ARMS = ("baseline", "baseline_with_batch_norm")
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
NEAR = 0.02
"""Below the arm's best."""
GUESS = 0.1
"""What a run counts that ended in numbers that are not finite."""


def accuracy(arm: str, rate: float, seed: int, options: argparse.Namespace) -> float:
    """After the last epoch, on the validation samples."""
    spec = parse_job_spec({
        "architecture": arm,
        "dataset": {"name": "fashion_mnist", "training_samples": options.samples},
        "training": {
            "epochs": options.epochs,
            "seed": seed,
            "optimizer": {"name": "sgd", "learning_rate": rate},
        },
        "probes": "off",
    })  # fmt: skip
    try:
        return train(spec, data_dir=options.data).history[-1].val_accuracy or GUESS
    except NormlabError:  # the loss was no number any more
        return GUESS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with Fashion-MNIST in it")
    parser.add_argument("--samples", type=int, default=5_000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    print(f"| learning rate | {' | '.join(ARMS)} |\n| --- |{' --- |' * len(ARMS)}")
    means: dict[str, dict[float, float]] = {arm: {} for arm in ARMS}
    for rate in RATES:
        cells = []
        for arm in ARMS:
            values = [accuracy(arm, rate, seed, options) for seed in range(options.seeds)]
            means[arm][rate] = fmean(values)
            cells.append(f"{100 * fmean(values):.1f} % (deviation {100 * stdev(values):.1f})")
        print(f"| {rate:g} | {' | '.join(cells)} |", flush=True)
    for arm, by_rate in means.items():
        best = max(by_rate.values())
        near = [rate for rate, value in by_rate.items() if value > best - NEAR]
        print(
            f"\n{arm}: best {100 * best:.1f} %; within {100 * NEAR:.0f} points of it from {near[0]:g} to {near[-1]:g}."
        )


if __name__ == "__main__":
    main()
