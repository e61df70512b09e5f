"""The zoo's runs: trained, kept in a folder, and read from it again."""

import gzip
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

from normlab.analysis import Diagnosis, diagnose
from normlab.errors import NormlabError
from normlab.spec.epochs import EpochMetrics
from normlab.spec.measurements import Measured
from support.zoo import HEALTHY, PLANTED, Healthy, Planted


class Run(NamedTuple):
    """What was measured in a network while it was trained."""

    measured: list[dict[str, Any]]
    epochs: list[dict[str, Any]]
    error: str | None
    """Why the run ended early: a fault may end it, and what was measured before counts."""


@dataclass(frozen=True)
class Judged:
    """A run with its diagnosis."""

    name: str
    network: Planted | Healthy
    dataset: str
    seed: int
    run: Run
    diagnosis: Diagnosis


@dataclass(frozen=True)
class Wanted:
    """Which runs of the zoo."""

    faults: bool
    healthy: bool
    only: str
    """A part of the network's name."""
    part: int
    parts: int
    """Every so-many-th network, from the ``part``-th on."""
    seeds: range
    datasets: tuple[str, ...]

    def networks(self) -> Iterator[tuple[str, Planted | Healthy]]:
        """By name, in the zoo's order."""
        zoo = {**(PLANTED if self.faults else {}), **(HEALTHY if self.healthy else {})}
        for number, (name, network) in enumerate(zoo.items()):
            if self.only in name and number % self.parts == self.part - 1:
                yield name, network


def judged(wanted: Wanted, data: Path | None, keep: Path | None, *, train: bool) -> Iterator[Judged]:
    """All wanted runs; those that are kept in a folder are read from it, the others trained or left out."""
    for name, network in wanted.networks():
        for dataset in wanted.datasets:
            for seed in wanted.seeds:
                file = keep / f"{dataset}, {name}, {seed}.json.gz" if keep else None
                if file is not None and file.exists():
                    run = Run(*json.loads(gzip.decompress(file.read_bytes())))
                elif train:
                    began = process_time()
                    run = measure(network, seed, dataset, data)
                    print(
                        f"{dataset}, {name}, {seed}: {process_time() - began:.1f} s",
                        file=sys.stderr,
                        flush=True,
                    )
                    if file is not None:
                        file.write_bytes(gzip.compress(json.dumps(run).encode()))
                else:
                    continue
                epochs = [EpochMetrics.model_validate(epoch) for epoch in run.epochs]
                measured = [Measured(**row) for row in run.measured]
                diagnosis = diagnose(measured, network.spec(seed, dataset), epochs)
                yield Judged(name, network, dataset, seed, run, diagnosis)


def measure(network: Planted | Healthy, seed: int, dataset: str, data: Path | None) -> Run:
    """Train a network and collect what is measured in it."""
    from normlab.training import Context, train  # noqa: PLC0415 - TensorFlow takes seconds, and judging needs none

    measured: list[dict[str, Any]] = []
    epochs: list[dict[str, Any]] = []

    class Collect(Context):
        def report(self, event: Any) -> None:
            if isinstance(event, Measured):
                measured.append(asdict(event))
            elif isinstance(event, EpochMetrics):
                epochs.append(event.model_dump())

    try:
        train(network.spec(seed, dataset), context=Collect(), data_dir=data)
    except NormlabError as failure:
        return Run(measured, epochs, str(failure))
    return Run(measured, epochs, None)
