"""Batch normalization's moving statistics: whether they have settled when a network is measured."""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from statistics import fmean

from normlab.analysis.records import RunRecord
from normlab.errors import SpecError
from normlab.spec import JobSpec, parse_job_spec
from normlab.spec.settling import SETTLED, highest_momentum, start_share

FAR = 0.1
"""The part that is still the start from which on figures may be far from what a network has learned."""


def share_of_the_start(run: RunRecord) -> float:
    """The part of the moving statistics of a run's kept network that is still their start; that of the layer of the
    highest momentum. 0 without batch normalization, and for a spec that is not one (any more)."""
    spec = _spec(run)
    return 0.0 if spec is None or run.kept is None else start_share(spec, _updates(run, spec))


def _spec(run: RunRecord) -> JobSpec | None:
    try:
        return parse_job_spec(dict(run.spec))
    except SpecError:
        return None


def _updates(run: RunRecord, spec: JobSpec) -> int:
    """How often the kept network's weights, and with them its moving statistics, were updated."""
    epochs = 0 if run.kept is None else run.kept.epoch
    return epochs * ceil(spec.dataset.trained_on / spec.training.batch_size)


def settling_caveats(arms: Mapping[str, Sequence[RunRecord]]) -> Iterable[str]:
    """A sentence for each arm whose moving statistics have not settled, with what population statistics would give."""
    for name, runs in arms.items():
        shares = {share_of_the_start(run): run for run in _different_lengths(runs)}
        share = max(shares, default=0.0)
        if share <= SETTLED:
            continue
        sentence = (
            f"The moving statistics of {name}'s batch normalization have not settled: {_percent(share)} of them is "
            f"still their start{_after(shares[share])}, so its validation and test figures may be "
            f"{'far from' if share >= FAR else 'a little off'} what it has learned. Train for more steps, "
            "or with a lower momentum."
        )
        yield " ".join((sentence, *_population(name, runs)))


def _after(run: RunRecord) -> str:
    """After how many steps, and with which momentum."""
    spec = _spec(run)
    if spec is None:
        return ""
    return f" after {_updates(run, spec):,} steps with momentum {highest_momentum(spec):g}"


def _different_lengths(runs: Sequence[RunRecord]) -> Iterable[RunRecord]:
    """One run for each kept epoch: the others of an arm have the same spec but for the seed."""
    return {run.kept.epoch: run for run in runs if run.kept is not None}.values()


def _population(name: str, runs: Sequence[RunRecord]) -> Iterable[str]:
    for metric, words in (("val_accuracy", "validation accuracy"), ("test_accuracy", "test accuracy")):
        pairs = [
            (
                run.population.get(metric),
                run.kept.val_accuracy if metric == "val_accuracy" else run.test_accuracy,
            )
            for run in runs
            if run.kept is not None
        ]
        known = [
            (population, moving)
            for population, moving in pairs
            if population is not None and moving is not None
        ]
        if known and len(known) == len(runs):
            population, moving = (100 * fmean(values) for values in zip(*known, strict=True))
            yield (
                f"With the population's statistics {name} has {population:.2f} % {words} on average, with the moving "
                f"ones {moving:.2f} %."
            )
            return


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"
