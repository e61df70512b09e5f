"""How often a diagnosis finds a fault that was planted, and how often one that is not there.

Trains networks with a planted fault and healthy ones (``tests/support/zoo.py``), diagnoses each run, and prints hit
rates and false alarms with their intervals (Clopper and Pearson). A hit has the planted code and the right layer; a
false alarm is any finding of severity *problem* in a healthy network. What was measured can be kept, and judged again
by other thresholds without training:

    python bench/diagnosis --keep measured --seeds 100-104
    python bench/diagnosis --judge measured
"""

import argparse
import gzip
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # read when TensorFlow is imported
sys.path.append(str(Path(__file__).parents[2] / "tests"))

from scipy import stats

from normlab.analysis import Diagnosis, Severity, diagnose
from normlab.errors import NormlabError
from normlab.spec.epochs import EpochMetrics
from normlab.spec.measurements import Measured
from support.zoo import HEALTHY, PLANTED, Healthy, Planted

Run = dict[str, Any]
"""What was measured in a run: its measurements and epochs as JSON."""


def measure(network: Planted | Healthy, seed: int, dataset: str, data: Path | None) -> Run:
    from normlab.training import Context, train  # noqa: PLC0415 - TensorFlow takes seconds, and judging needs none

    measured: list[Any] = []
    epochs: list[Any] = []

    class Collect(Context):
        def report(self, event: Any) -> None:
            if isinstance(event, Measured):
                measured.append(asdict(event))
            elif isinstance(event, EpochMetrics):
                epochs.append(event.model_dump())

    error = None
    try:
        train(network.spec(seed, dataset), context=Collect(), data_dir=data)
    except NormlabError as failure:  # a fault may end the run: what was measured before it counts
        error = str(failure)
    return {"measured": measured, "epochs": epochs, "error": error}


def judge(network: Planted | Healthy, seed: int, dataset: str, run: Run) -> Diagnosis:
    epochs = [EpochMetrics.model_validate(epoch) for epoch in run["epochs"]]
    return diagnose([Measured(**row) for row in run["measured"]], network.spec(seed, dataset), epochs)


def is_hit(planted: Planted, diagnosis: Diagnosis) -> bool:
    return any(f.code == planted.code and f.layer in planted.layers for f in diagnosis.findings)


def share(count: int, runs: int) -> str:
    """A rate with its 95 % interval."""
    interval = stats.binomtest(count, runs).proportion_ci(method="exact")
    return f"{count} of {runs} ({100 * count / runs:.0f} %, {100 * interval.low:.0f} to {100 * interval.high:.0f})"


def seeds_of(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return [*range(int(first), int(last or first) + 1)]


def runs(arguments: argparse.Namespace) -> Iterator[tuple[str, Planted | Healthy, int, Run]]:
    """Name, network, seed and what was measured: trained, or read from what was kept."""
    zoo = {**({} if arguments.healthy else PLANTED), **({} if arguments.faults else HEALTHY)}
    part, parts = (int(number) for number in arguments.part.split("/"))
    for number, (name, network) in enumerate(zoo.items()):
        if (arguments.only and arguments.only not in name) or number % parts != part - 1:
            continue
        for seed in seeds_of(arguments.seeds):
            file = f"{arguments.dataset}, {name}, {seed}.json.gz"
            if arguments.judge:
                path = arguments.judge / file
                if path.exists():
                    yield name, network, seed, json.loads(gzip.decompress(path.read_bytes()))
                continue
            if arguments.keep and (arguments.keep / file).exists():
                continue
            began = perf_counter()
            run = measure(network, seed, arguments.dataset, arguments.data)
            print(f"{name}, seed {seed}: {perf_counter() - began:.1f} s", file=sys.stderr, flush=True)
            if arguments.keep:
                (arguments.keep / file).write_bytes(gzip.compress(json.dumps(run).encode()))
            yield name, network, seed, run


def report(arguments: argparse.Namespace) -> None:
    hits: dict[str, list[bool]] = {}
    alarms: dict[str, list[bool]] = {}
    false = Counter[str]()
    warnings = Counter[str]()
    for name, network, seed, run in runs(arguments):
        diagnosis = judge(network, seed, arguments.dataset, run)
        found = ", ".join(f"{f.severity[0]}:{f.code}@{f.layer}" for f in diagnosis.findings)
        if isinstance(network, Planted):
            hits.setdefault(name, []).append(is_hit(network, diagnosis))
        else:
            problems = [f.code for f in diagnosis.findings if f.severity is Severity.PROBLEM]
            alarms.setdefault(name, []).append(bool(problems))
            false.update(problems)
            warnings.update(f.code for f in diagnosis.findings if f.severity is Severity.WARNING)
        if arguments.verbose:
            last = run["epochs"][-1]["val_accuracy"] if run["epochs"] else None
            print(f"{name}, seed {seed}, accuracy {last}, {run['error'] or ''}: {found}")
    for name, rates in hits.items():
        print(f"{PLANTED[name].code:<28} {name:<30} {share(sum(rates), len(rates))}")
    if alarms:
        flat = [alarm for rates in alarms.values() for alarm in rates]
        print(f"{len(alarms)} healthy networks: false alarms in {share(sum(flat), len(flat))} runs")
        print(f"problems: {dict(false) or 'none'}; warnings: {dict(warnings) or 'none'}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", action="store_true", help="only networks with a planted fault")
    parser.add_argument("--healthy", action="store_true", help="only healthy ones")
    parser.add_argument("--only", help="only those with this in their name")
    parser.add_argument("--part", default="1/1", help="every so-many-th of them, from which on: 2/5")
    parser.add_argument("--seeds", default="1000-1004", help="one, or the first and the last: 1000-1004")
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--data", type=Path, help="the folder of datasets")
    parser.add_argument(
        "--keep", type=Path, help="keep what was measured in this folder, and skip what is there"
    )
    parser.add_argument("--judge", type=Path, help="train nothing: judge what was kept in this folder")
    parser.add_argument("--verbose", action="store_true", help="a line for each run")
    arguments = parser.parse_args()
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    report(arguments)


if __name__ == "__main__":
    main()
