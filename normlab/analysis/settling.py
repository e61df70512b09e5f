"""Batch normalization's moving statistics: whether they have settled when a network is measured."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from normlab.analysis.datasets import task_of
from normlab.analysis.metrics import style_of
from normlab.analysis.records import RunRecord
from normlab.errors import SpecError
from normlab.spec import JobSpec, parse_job_spec
from normlab.spec.metrics import DEFAULT_METRICS, Metric
from normlab.spec.settling import SETTLED, highest_momentum, start_share
from normlab.spec.shown import listed

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
    return epochs * spec.steps_per_epoch


def settling_caveats(arms: Mapping[str, Sequence[RunRecord]]) -> Iterable[str]:
    """A sentence on the arms whose moving statistics have not settled, one for all arms of which the same is true, and
    one with what population statistics would give."""
    unsettled: dict[str, list[str]] = {}
    for name, runs in arms.items():
        shares = {share_of_the_start(run): run for run in _different_lengths(runs)}
        share = max(shares, default=0.0)
        if share > SETTLED:
            unsettled.setdefault(_what_is_left(share, shares[share]), []).append(name)
    for what_is_left, names in unsettled.items():
        yield (
            f"The moving statistics of batch normalization in {listed(names)} have not settled: {what_is_left} Train "
            f"for more steps, or with a lower momentum.{_population({name: arms[name] for name in names})}"
        )


def _what_is_left(share: float, run: RunRecord) -> str:
    """How much of the start is left, after how many steps, with which momentum, and what that means."""
    spec = _spec(run)
    after = (
        f" after {_updates(run, spec):,} steps with momentum {highest_momentum(spec):g}"
        if spec is not None
        else ""
    )
    return (
        f"{_percent(share)} of them is still their start{after}, so validation and test figures may be "
        f"{'far from' if share >= FAR else 'off'} what the network has learned."
    )


def _different_lengths(runs: Sequence[RunRecord]) -> Iterable[RunRecord]:
    """One run for each kept epoch: the others of an arm have the same spec but for the seed."""
    return {run.kept.epoch: run for run in runs if run.kept is not None}.values()


def _population(arms: Mapping[str, Sequence[RunRecord]]) -> str:
    """The arms' mean accuracy, or R², by the population's statistics beside that by the moving ones; "" if it is not
    known."""
    metric = DEFAULT_METRICS[task_of(run for runs in arms.values() for run in runs)]
    write = style_of(metric).value
    figures = [
        f"{name} {write(fmean(known[0]))} against {write(fmean(known[1]))}"
        for name, runs in arms.items()
        if (known := _both(runs, metric))
    ]
    if not figures:
        return ""
    return f" Mean {metric.words} with the population's statistics against the moving ones: {', '.join(figures)}."


def _both(runs: Sequence[RunRecord], metric: Metric) -> tuple[list[float], list[float]] | None:
    """Of each run's kept network; None unless both are known of every run."""
    pairs = [(run.population.get(metric), metric.at(run.kept)) for run in runs if run.kept is not None]
    known = [(population, moving) for population, moving in pairs if None not in (population, moving)]
    if not known or len(known) < len(runs):
        return None
    population, moving = zip(*known, strict=True)
    return list(population), list(moving)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"
