"""How often a diagnosis finds a fault that was planted, and how often one that is not there.

Trains networks with a planted fault and healthy ones (``tests/support/zoo.py``), diagnoses each run, and prints hit
rates and false alarms as Markdown, with 95 % intervals (Clopper and Pearson). A hit has the planted code and the right
layer; a false alarm is any finding of severity *problem* in a healthy network. Ends with 1 if a bar is missed. What
was measured can be kept, and judged again by other thresholds without training:

    python bench/diagnosis --data demo-data --keep measured
    python bench/diagnosis --judge measured
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import process_time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # read when TensorFlow is imported
sys.path.append(str(Path(__file__).parents[2] / "tests"))

from scipy import stats
from zoo_runs import Judged, Wanted, judged

from normlab.analysis import Severity
from normlab.spec.datasets import DATASETS, DatasetName
from support.zoo import PLANTED, Healthy, Planted

FOUND_BAR = 0.95
"""Of the runs of each planted fault."""
ALARM_BAR = 0.05
"""Of all healthy runs."""


def rate(hits: Sequence[bool]) -> str:
    """A share with its 95 % interval."""
    if not hits:
        return "0 of 0"
    interval = stats.binomtest(sum(hits), len(hits)).proportion_ci(method="exact")
    return f"{sum(hits)} of {len(hits)} ({100 * interval.low:.0f} to {100 * interval.high:.0f} %)"


def is_hit(each: Judged) -> bool:
    """Whether the planted fault was found in its layer."""
    assert isinstance(each.network, Planted)
    return any(
        finding.code == each.network.code and finding.layer in each.network.layers
        for finding in each.diagnosis.findings
    )


def codes(each: Judged, severity: Severity) -> list[str]:
    """What was found, of one severity."""
    return [finding.code for finding in each.diagnosis.findings if finding.severity is severity]


def report_faults(runs: Sequence[Judged], datasets: Sequence[str]) -> bool:
    """The table of planted faults; whether each was found often enough."""
    print(
        "| finding | planted as | "
        + " | ".join(DATASETS[DatasetName(name)].title for name in datasets)
        + " |"
    )
    print("| --- | --- |" + " --- |" * len(datasets))
    reached = True
    for name, planted in PLANTED.items():
        of_network = [each for each in runs if each.name == name]
        if not of_network:
            continue
        by_dataset = [
            [is_hit(each) for each in of_network if each.dataset == dataset] for dataset in datasets
        ]
        cells = [f"{sum(hits)} of {len(hits)}" for hits in by_dataset]
        found = [is_hit(each) for each in of_network]
        reached = reached and sum(found) >= FOUND_BAR * len(found)
        print(f"| `{planted.code}` | {name} | {' | '.join(cells)} |")
    for dataset in datasets:
        hits = [is_hit(each) for each in runs if each.dataset == dataset]
        print(
            f"\n{DATASETS[DatasetName(dataset)].title}: {rate(hits)} planted faults found in the right layer."
        )
    return reached


def report_healthy(runs: Sequence[Judged], datasets: Sequence[str]) -> bool:
    """False alarms; whether there are few enough."""
    print("\n| healthy networks | runs with a *problem* | with a warning | problems | warnings |")
    print("| --- | --- | --- | --- | --- |")
    for dataset in datasets:
        mine = [each for each in runs if each.dataset == dataset]
        severities = (Severity.PROBLEM, Severity.WARNING)
        cells = [rate([bool(codes(each, severity)) for each in mine]) for severity in severities]
        cells += [counted(code for each in mine for code in codes(each, severity)) for severity in severities]
        print(f"| {DATASETS[DatasetName(dataset)].title} | {' | '.join(cells)} |")
    alarms = [bool(codes(each, Severity.PROBLEM)) for each in runs]
    networks = len({each.name for each in runs})
    print(f"\n{networks} healthy networks: a problem in {rate(alarms)} runs.")
    return sum(alarms) <= ALARM_BAR * len(alarms)


def counted(found: Iterable[str]) -> str:
    """How often each code was found."""
    return ", ".join(f"`{code}` {count}" for code, count in Counter(found).most_common()) or "none"


def use_one_core() -> None:
    """As a worker's child on one core: threads that wait for work take processor time, too."""
    import tensorflow as tf  # noqa: PLC0415 - it takes seconds, and judging needs none

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def seeds_of(text: str) -> range:
    """One seed, or the first and the last."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", action="store_true", help="only networks with a planted fault")
    parser.add_argument("--healthy", action="store_true", help="only healthy ones")
    parser.add_argument("--only", default="", help="only those with this in their name")
    parser.add_argument("--part", default="1/1", help="every so-many-th of them, from which on: 2/5")
    parser.add_argument("--seeds", default="1000-1004", help="one, or the first and the last: 1000-1004")
    parser.add_argument("--datasets", nargs="+", default=["digits", "fashion_mnist"])
    parser.add_argument("--data", type=Path, help="the data folder, with the datasets in it")
    parser.add_argument(
        "--keep", type=Path, help="keep what was measured in this folder, and use what is there"
    )
    parser.add_argument("--judge", type=Path, help="train nothing: judge what was kept in this folder")
    parser.add_argument("--verbose", action="store_true", help="a line for each run")
    options = parser.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    if not options.judge:
        use_one_core()
    part, parts = map(int, options.part.split("/"))
    wanted = Wanted(
        faults=not options.healthy,
        healthy=not options.faults,
        only=options.only,
        part=part,
        parts=parts,
        seeds=seeds_of(options.seeds),
        datasets=tuple(options.datasets),
    )
    runs = []
    for each in judged(wanted, options.data, options.judge or options.keep, train=not options.judge):
        runs.append(each)
        if options.verbose:
            found = ", ".join(f"{f.severity[0]}:{f.code}@{f.layer}" for f in each.diagnosis.findings)
            last = each.run.epochs[-1]["val_accuracy"] if each.run.epochs else None
            print(
                f"{each.dataset}, {each.name}, {each.seed}, accuracy {last}, {each.run.error or ''}: {found}",
                flush=True,
            )
    faults = [each for each in runs if isinstance(each.network, Planted)]
    healthy = [each for each in runs if isinstance(each.network, Healthy)]
    reached = [report_faults(faults, wanted.datasets)] if faults else []
    reached += [report_healthy(healthy, wanted.datasets)] if healthy else []
    print(f"\n{len(runs)} runs in {process_time() / 60:.1f} minutes of processor time.")
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
