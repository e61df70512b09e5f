"""What probes cost: the same jobs with and without them, in turns in one process, beside the bars.

Printed are, of the run with the smallest share: seconds of training and of probing by the wall clock of that run, their
ratio, and the bar; the processor time of a whole run beside that of one without probes; and compiling from nothing with
and without them, each the shortest of its turns.
"""

import argparse
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # read when TensorFlow is imported

from dataclasses import dataclass
from pathlib import Path
from time import process_time

import tensorflow as tf

from normlab.spec import parse_job_spec
from normlab.training import train
from normlab.training.compiled import cache

BARS = {"baseline": 0.08, "batch_norm": 0.08, "deep_sigmoid_with_batch_norm": 0.15}
"""Of the training time, for ``standard``."""
COMPILING_BAR = 1.5
"""Times as long as without probes."""


@dataclass(frozen=True)
class Turn:
    """One run."""

    training: float
    probing: float
    compiling: float
    processor: float
    """Of the whole process."""
    rows: int

    @property
    def share(self) -> float:
        """Of probing in the training time."""
        return self.probing / self.training


def turn(preset: str, probes: str, data: Path, epochs: int) -> Turn:
    """A run from nothing: no program is kept from before."""
    cache._cache.clear()
    spec = parse_job_spec({"architecture": preset, "training": {"epochs": epochs}})
    began = process_time()
    result = train(spec, data_dir=data, probes=probes)
    timings = result.timings
    return Turn(
        training=timings.training_seconds,
        probing=timings.probing_seconds,
        compiling=timings.compiling_seconds,
        processor=process_time() - began,
        rows=len(result.measurements),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with Fashion-MNIST in it")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    # As a worker's child on one core. With more threads those that wait for work take processor time, too.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    print(
        f"{'preset':30} {'training':>9} {'probing':>8} {'share':>7} {'bar':>5} {'rows':>6} "
        f"{'processor on/off':>17} {'compiling off':>14} {'on':>6} {'on/off':>7}"
    )
    train(
        parse_job_spec({"architecture": "baseline", "dataset": "digits"}), data_dir=options.data
    )  # TensorFlow is warm
    for preset, bar in BARS.items():
        turns = [
            {probes: turn(preset, probes, options.data, options.epochs) for probes in ("off", "standard")}
            for _ in range(options.rounds)
        ]
        best = min((each["standard"] for each in turns), key=lambda each: each.share)
        off, on = (min(each[probes].compiling for each in turns) for probes in ("off", "standard"))
        processor = min(each["standard"].processor / each["off"].processor for each in turns)
        print(
            f"{preset:30} {best.training:9.2f} {best.probing:8.2f} {best.share:7.1%} {bar:5.0%} {best.rows:6} "
            f"{processor:17.2f} {off:14.2f} {on:6.2f} {on / off:7.2f} (bar {COMPILING_BAR})",
            flush=True,
        )


if __name__ == "__main__":
    main()
