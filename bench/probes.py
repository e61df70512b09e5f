"""What probes cost: the same jobs with and without them, in turns in one process, beside the bars.

Printed are, of the run with the smallest share: seconds of processor time in the steps and in probing, their ratio, and
the bar; the same ratio by the wall clock, which other work on the machine raises, since it makes whoever often waits
for a thread wait longer; the processor time of a whole run beside that of one without probes; and compiling from
nothing with and without them, each the shortest of its turns.
"""

import argparse
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # read when TensorFlow is imported

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import tensorflow as tf

from normlab.spec import parse_job_spec
from normlab.spec.runs import Phase
from normlab.training import train
from normlab.training.compiled import cache
from normlab.training.context import Context, Progress, Report

BARS = {"baseline": 0.08, "batch_norm": 0.08, "deep_sigmoid_with_batch_norm": 0.15}
"""Of the training time, for ``standard``."""
COMPILING_BAR = 1.5
"""Times as long as without probes."""


class Clocks(Context):
    """Processor time in compiling, in the steps and in probing."""

    def __init__(self) -> None:
        self.compiling = self.training = self.probing_seconds = 0.0
        self._blocks, self._left = 0, 0.0

    def report(self, event: Report) -> None:
        """Compiling begins."""
        if isinstance(event, Progress) and event.phase is Phase.COMPILING:
            self._left = process_time()

    @contextmanager
    def probing(self) -> Iterator[None]:
        """The start is measured, then each segment of steps lies between two blocks."""
        began = process_time()
        if not self._blocks:
            self.compiling = began - self._left
        elif self._blocks % 2 == 0:
            self.training += began - self._left
        yield
        self._blocks, self._left = self._blocks + 1, process_time()
        self.probing_seconds += self._left - began


@dataclass(frozen=True)
class Turn:
    """One run."""

    training: float
    probing: float
    wall_share: float
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
    began, clocks = process_time(), Clocks()
    result = train(spec, data_dir=data, probes=probes, context=clocks)
    timings = result.timings
    return Turn(
        training=clocks.training,
        probing=clocks.probing_seconds,
        wall_share=timings.probing_seconds / timings.training_seconds,
        compiling=clocks.compiling,
        processor=process_time() - began,
        rows=len(result.measurements),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with Fashion-MNIST in it")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--presets", nargs="+", choices=BARS, default=list(BARS))
    options = parser.parse_args()
    # As a worker's child on one core. With more threads those that wait for work take processor time, too.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    print(
        f"{'preset':30} {'training':>9} {'probing':>8} {'share':>7} {'bar':>5} {'by the wall':>12} {'rows':>6} "
        f"{'processor on/off':>17} {'compiling off':>14} {'on':>6} {'on/off':>7}"
    )
    train(
        parse_job_spec({"architecture": "baseline", "dataset": "digits"}), data_dir=options.data
    )  # TensorFlow is warm
    for preset in options.presets:
        turns = [
            {probes: turn(preset, probes, options.data, options.epochs) for probes in ("off", "standard")}
            for _ in range(options.rounds)
        ]
        best = min((each["standard"] for each in turns), key=lambda each: each.share)
        wall = min(each["standard"].wall_share for each in turns)
        off, on = (min(each[probes].compiling for each in turns) for probes in ("off", "standard"))
        processor = min(each["standard"].processor / each["off"].processor for each in turns)
        print(
            f"{preset:30} {best.training:9.2f} {best.probing:8.2f} {best.share:7.1%} {BARS[preset]:5.0%} {wall:12.1%} "
            f"{best.rows:6} {processor:17.2f} {off:14.2f} {on:6.2f} {on / off:7.2f} (bar {COMPILING_BAR})",
            flush=True,
        )


if __name__ == "__main__":
    main()
