"""How to run a comparison again: as a request, and as a command where one can say it."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from normlab.analysis.comparison import ComparisonStatistics
from normlab.analysis.records import RunRecord
from normlab.spec.dataset_names import with_version
from normlab.spec.metrics import Metric
from normlab.spec.shortest import shortest_spec

DEFAULTS = {
    "metric": Metric.VAL_ACCURACY,
    "confidence": 0.95,
    "equivalence_margin": 0.0,
    "target_accuracy": None,
    "base_seed": 42,
}
"""What a request has that does not say it."""

_NOT_SAID = ""
"""Of a dataset that no option says."""

_OPTIONS = {
    "metric": "--metric",
    "confidence": "--confidence",
    "equivalence_margin": "--margin",
    "target_accuracy": "--target",
    "base_seed": "--seed",
}


def request_of(
    comparison: ComparisonStatistics, arms: Mapping[str, Sequence[RunRecord]]
) -> dict[str, Any] | None:
    """What asks a service for these runs: the body of ``POST /comparisons``.

    None when their seeds do not follow one another, since a comparison's do.
    """
    seeds = {name: [run.seed for run in runs if run.seed is not None] for name, runs in arms.items()}
    firsts = {name: min(group, default=0) for name, group in seeds.items()}
    if any(
        sorted(group) != [*range(firsts[name], firsts[name] + len(group))] for name, group in seeds.items()
    ):
        return None
    base_seed = next(iter(firsts.values()))
    target = comparison.clocks.target if comparison.clocks else None
    return request(
        {name: runs[0].spec for name, runs in arms.items()},
        {name: seed for name, seed in firsts.items() if seed != base_seed},
        replicates=max(map(len, seeds.values())),
        metric=comparison.metric,
        confidence=comparison.confidence,
        equivalence_margin=comparison.equivalence_margin,
        target_accuracy=target.accuracy if target else None,
        base_seed=base_seed,
    )


def request(
    specs: Mapping[str, Mapping[str, Any]], base_seeds: Mapping[str, int], **question: Any
) -> dict[str, Any]:
    """The body of ``POST /comparisons``, without what a comparison has anyway.

    ``specs`` are by the arm's name; ``base_seeds`` those of arms with seeds of their own.
    """
    arms = [
        {
            "name": name,
            "spec": shortest_spec(spec),
            **({"base_seed": base_seeds[name]} if name in base_seeds else {}),
        }
        for name, spec in specs.items()
    ]
    said = {field: value for field, value in question.items() if value != DEFAULTS.get(field)}
    return {"arms": arms, **said}


def command(body: Mapping[str, Any]) -> str | None:
    """The same for a shell; None for what takes a file or a request, such as layers of one's own."""
    datasets: set[str | None] = set()
    epochs = set()
    for arm in body["arms"]:
        spec = dict(arm["spec"])
        training = dict(spec.pop("training", {}))
        datasets.add(_on_a_command_line(spec.pop("dataset", None)))
        epochs.add(training.pop("epochs", None))
        if spec != {"architecture": arm["name"]} or training or "base_seed" in arm:
            return None
    if len(datasets) > 1 or len(epochs) > 1 or datasets == {_NOT_SAID}:
        return None
    replicates = body["replicates"]
    if isinstance(replicates, Mapping):
        if replicates.get("step", 1) != 1:
            return None
        counts = {"--replicates": replicates["start"], "--up-to": replicates["max"]}
    else:
        counts = {"--replicates": replicates}
    options = {
        **counts,
        "--dataset": datasets.pop(),
        "--epochs": epochs.pop(),
        **{option: body.get(field) for field, option in _OPTIONS.items()},
    }
    words = ["normlab", "compare", *(arm["name"] for arm in body["arms"])]
    words += [str(word) for option, value in options.items() if value is not None for word in (option, value)]
    return shlex.join(words)


def _on_a_command_line(dataset: Any) -> str | None:
    """What ``--dataset`` takes for a spec's dataset; ``_NOT_SAID`` for one with options."""
    if not isinstance(dataset, Mapping):
        return None if dataset is None else str(dataset)
    return with_version(**dataset) if set(dataset) == {"name", "version"} else _NOT_SAID
