"""A child's memory: what a process holds after its first job, and what thirty more of mixed architectures add."""

import argparse
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # read when TensorFlow is imported

from pathlib import Path
from typing import Any

import psutil
from networks import NETWORKS, WITH_DROPOUT

from normlab.spec import PRESETS, parse_job_spec
from normlab.training import train
from worker.given_back import give_back_heap

MEBIBYTE = 2**20


def requests() -> list[dict[str, Any]]:
    """Requests of mixed kinds, fewer than a process keeps programs for: the second round compiles nothing anew."""
    named: list[dict[str, Any]] = [{"architecture": name} for name in PRESETS]
    widths = [
        {"architecture": {"layers": [*WITH_DROPOUT, {"type": "dense", "units": 20 * n}]}} for n in range(1, 6)
    ]
    optimizers = [
        {"architecture": "baseline", "training": {"optimizer": name}} for name in ("adam", "rmsprop")
    ]
    return [*named, NETWORKS["convolutional"], *widths, *optimizers]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with the dataset in it")
    parser.add_argument("--more", type=int, default=30)
    parser.add_argument("--samples", type=int, default=2_000)
    options = parser.parse_args()
    process = psutil.Process()
    kinds = requests()
    held = []
    for number in range(len(kinds) + options.more):
        body = kinds[number % len(kinds)]
        training = body.get("training", {}) | {"epochs": 1, "seed": number}
        # The first job is a whole one.
        dataset = {"training_samples": options.samples} if number else {}
        train(parse_job_spec(body | {"training": training, "dataset": dataset}), data_dir=options.data)
        give_back_heap()  # as a worker's child does between two jobs
        held.append(process.memory_info().rss / MEBIBYTE)
        print(f"job {number + 1}: {held[-1]:.0f} MiB", flush=True)
    first, all_kinds = held[0], held[len(kinds) - 1]
    print(
        f"after the first job {first:.0f} MiB; its next {options.more} jobs, of {len(kinds)} kinds, "
        f"add {held[options.more] / first - 1:.1%}\n"
        f"after a job of each kind {all_kinds:.0f} MiB, {(all_kinds - first) / (len(kinds) - 1):.0f} MiB a kind; "
        f"{options.more} more of the same kinds add {held[-1] / all_kinds - 1:.1%}"
    )


if __name__ == "__main__":
    main()
