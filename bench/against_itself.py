"""An arm against itself on real training, no seed twice: is it told apart from itself? For docs/statistics.md.

    python bench/against_itself.py --data demo-data [--architecture baseline] [--pairs 10] [--epochs 3]

Trains twice as many networks as there are pairs, compares the first half with the second as `normlab compare
baseline baseline --own-seeds` does, and then splits the same runs at random into two arms again and again: the
share of splits in which one arm is called better is the error on accuracies as training really gives them. The splits
share their runs, so that share has less certainty than its number of splits suggests.
"""

import argparse
from pathlib import Path

import numpy as np

from normlab.analysis import RunRecord, Verdict, compare_paired, compare_runs
from normlab.spec import parse_job_spec
from normlab.spec.metrics import Metric
from normlab.training import train

METRICS = (Metric.VAL_ACCURACY, Metric.TEST_ACCURACY, Metric.VAL_LOSS)


def run(options: argparse.Namespace, *, seed: int, pair: int) -> RunRecord:
    training = {"epochs": options.epochs, "seed": seed}
    document = {"architecture": options.architecture, "dataset": options.dataset, "training": training}
    spec = parse_job_spec(document)
    result = train(spec, data_dir=options.data)
    return RunRecord(
        job=f"seed {seed}",
        spec=spec.to_document(),
        epochs=result.history,
        test_accuracy=result.test_accuracy,
        test_loss=result.test_loss,
        environment=result.environment,
        pair=pair,
    )


def share_told_apart(values: np.ndarray, pairs: int, splits: int, rng: np.random.Generator) -> float:
    """How often two arms, drawn from the same runs without sharing one, are told apart."""
    better = 0
    for _ in range(splits):
        a, b = rng.permutation(values)[: 2 * pairs].reshape(2, pairs)
        better += compare_paired(a, b).verdict in (Verdict.A_BETTER, Verdict.B_BETTER)
    return better / splits


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with the dataset in it")
    parser.add_argument("--architecture", default="baseline")
    parser.add_argument("--dataset", default="fashion_mnist")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--base-seed", type=int, default=42)
    parser.add_argument("--splits", type=int, default=1000)
    options = parser.parse_args()
    pairs, name = options.pairs, options.architecture
    arms: dict[str, list[RunRecord]] = {name: [], f"{name} (2)": []}
    for index, group in enumerate(arms.values()):
        for pair in range(pairs):
            seed = options.base_seed + index * pairs + pair
            group.append(run(options, seed=seed, pair=pair))
    for metric in METRICS:
        found = compare_runs(arms, metric=metric)
        print(found.pairs[0].sentence)
    print("\n".join(f"- {caveat}" for caveat in found.caveats))
    rng = np.random.default_rng(1)
    print(f"\n{options.splits:,} random splits of these {2 * pairs} runs: how often one arm is called better")
    for metric in METRICS:
        values = np.array([metric.of(record) for group in arms.values() for record in group], float)
        told = [
            f"{n} pairs {100 * share_told_apart(values, n, options.splits, rng):.1f} %"
            for n in (3, 5, 10, 20)
            if n <= pairs
        ]
        print(
            f"{metric.words}: mean {values.mean():.4f}, standard deviation {values.std(ddof=1):.4f}; {', '.join(told)}"
        )


if __name__ == "__main__":
    main()
