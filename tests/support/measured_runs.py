"""Measurements that nobody took: what probes would give of a network in order, and of one with a fault."""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

from normlab.analysis import Diagnosis, Finding, diagnose
from normlab.spec import JobSpec, parse_job_spec
from normlab.spec.measurements import WHOLE_NETWORK, Measured
from normlab.spec.plan import plan_job
from normlab.spec.probes import PROBES
from normlab.spec.probes.info import When
from support.epochs import made_up_epoch

IN_ORDER: Mapping[tuple[str, str], float] = {
    ("gradient", "preactivation_rms"): 0.01,
    ("gradient", "factor_per_layer"): 1.0,
    ("gradient", "penalty_share"): 0.1,
    ("gradient", "loss"): 2.3,
    ("update", "ratio"): 1e-3,
    ("signal", "variance"): 0.5,
    ("dead", "share"): 0.02,
    ("dead", "share_twice"): 0.01,
    ("dead", "active"): 0.5,
    ("saturated", "share"): 0.1,
    ("rank", "effective"): 7.0,
    ("moving", "start_share"): 0.0,
    ("three_statistics", "accuracy_batch"): 0.90,
    ("three_statistics", "accuracy_moving"): 0.91,
    ("three_statistics", "accuracy_population"): 0.91,
    ("gain", "max"): 3.0,
    ("gain", "median"): 2.0,
    ("gain", "flat_share"): 0.0,
}
"""What is measured of a healthy network, at every layer and point. What is not named is 1."""


def job_spec(*layers: Any, preset: str | None = None, **training: Any) -> JobSpec:
    """A job on ``digits`` with these layers, or with a preset's."""
    return parse_job_spec({
        "architecture": preset or {"layers": list(layers)},
        "dataset": {"name": "digits", "validation_samples": 300, "training_samples": 1024},
        "training": {"epochs": 4, **training},
    })  # fmt: skip


def points_of(spec: JobSpec) -> list[tuple[int, int]]:
    """The points at which probes look: step and epoch."""
    steps = ceil(spec.dataset.trained_on / spec.training.batch_size)
    early = [(2**n, 1) for n in range(steps.bit_length()) if 2**n < steps]
    return [(0, 0), *early, *((epoch * steps, epoch) for epoch in range(1, spec.training.epochs + 1))]


def measured_run(
    spec: JobSpec, faults: Mapping[tuple[str, str, str | None], Any] | None = None
) -> Iterator[Measured]:
    """Everything that the standard probes give of a run.

    ``faults`` are other values, by probe, statistic and layer (None: every layer): a number, or a function of step and
    epoch. None as a value: not measured.
    """

    planned = plan_job(spec)
    faults = faults or {}
    ends = [
        (s, e)
        for s, e in points_of(spec)
        if e and s == e * ceil(spec.dataset.trained_on / spec.training.batch_size)
    ]
    for row in PROBES.values():
        points = {
            When.POINTS: points_of(spec),
            When.AFTER_START: points_of(spec)[1:],
            When.EPOCHS: [(0, 0), *ends],
            When.EPOCH_ENDS: ends,
        }[row.when]
        for statistic in row.statistics:
            place = row.place_of(statistic.name)
            if not place.applies(planned):
                continue
            for layer in place.layers(planned) or (WHOLE_NETWORK,):
                plain = IN_ORDER.get((row.name, statistic.name), 1.0)
                value = faults.get(
                    (row.name, statistic.name, layer), faults.get((row.name, statistic.name, None), plain)
                )
                for step, epoch in points:
                    number = value(step, epoch) if callable(value) else value
                    if number is not None:
                        yield Measured(step, epoch, row.name, layer, statistic.name, number)


def healthy_epochs(spec: JobSpec) -> list[Any]:
    """Epochs of a run that learned and has come to its end."""
    count = spec.training.epochs
    return [
        made_up_epoch(epoch, loss=0.3 / epoch, accuracy=0.92, val_loss=0.3, val_accuracy=0.91)
        for epoch in range(1, count + 1)
    ]


def diagnosed(spec: JobSpec, faults: Any = None, epochs: Any = None) -> Diagnosis:
    """The diagnosis of such a run."""
    return diagnose(measured_run(spec, faults), spec, healthy_epochs(spec) if epochs is None else epochs)


def only(diagnosis: Diagnosis, code: str) -> Finding:
    """The one finding."""
    assert [finding.code for finding in diagnosis.findings] == [code], diagnosis
    return diagnosis.findings[0]
