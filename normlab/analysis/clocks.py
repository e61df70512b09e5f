"""Three clocks: arms at equal epochs, at equal training seconds, and by the time they take to a target.

Training seconds are those of training steps alone; compilation and start-up do not depend on how long one
trains.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from normlab.analysis.curve import reached_at, value_at_epoch, value_at_seconds
from normlab.analysis.documents import to_plain
from normlab.analysis.records import RunRecord
from normlab.analysis.several import ArmPair, compare_arms
from normlab.analysis.survival import LogRank, TimeToTarget, log_rank, time_to_target
from normlab.spec.metrics import Metric


@dataclass(frozen=True)
class Target:
    """How fast the arms reach a target."""

    accuracy: float
    unit: str
    """Of the arms' times: ``seconds`` of training, or ``epochs`` where seconds cannot be compared."""
    arms: Mapping[str, TimeToTarget]
    epochs: Mapping[str, tuple[int | None, ...]]
    """The epoch at which each run of an arm reached it."""
    pairs: tuple[tuple[str, str, LogRank], ...]


@dataclass(frozen=True)
class Clocks:
    """The same runs by three clocks. A clock is None when the runs have too little in common for it."""

    epoch: int | None
    """The last epoch that all runs have."""
    at_epoch: tuple[ArmPair, ...] | None
    seconds: float | None
    """The training time that all runs have."""
    at_seconds: tuple[ArmPair, ...] | None
    target: Target | None

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document


def compare_clocks(
    arms: Mapping[str, Sequence[RunRecord]],
    *,
    metric: Metric = Metric.VAL_ACCURACY,
    target_accuracy: float | None = None,
    confidence: float = 0.95,
    equivalence_margin: float = 0.0,
    by_seconds: bool = True,
) -> Clocks:
    """Compare arms by the three clocks; each has one finished run per seed, in the same order of seeds.

    Without ``by_seconds``, where seconds say nothing of the arms, there is no comparison at equal seconds, and the
    time to the target is counted in epochs.

    ``metric`` is one that is known at every epoch. Raises ``ValueError`` otherwise.
    """
    if not metric.every_epoch:
        raise ValueError(
            f"{metric.words} is known only at the end of a run: clocks need a metric of every epoch"
        )
    runs = [run for group in arms.values() for run in group]

    def compare(values: Mapping[str, Sequence[float | None]]) -> tuple[ArmPair, ...] | None:
        if not runs or any(value is None for group in values.values() for value in group):
            return None
        known = {arm: [value for value in group if value is not None] for arm, group in values.items()}
        return compare_arms(
            known,
            confidence=confidence,
            equivalence_margin=equivalence_margin,
            higher_is_better=metric.higher_is_better,
        )

    trained = bool(runs) and all(run.epochs for run in runs)
    epoch = min(run.epochs[-1].epoch for run in runs) if trained else None
    seconds = min(run.training_seconds[-1] for run in runs) if trained and by_seconds else None
    return Clocks(
        epoch=epoch,
        at_epoch=None if epoch is None else compare(
            {arm: [value_at_epoch(run, metric, epoch) for run in group] for arm, group in arms.items()}
        ),
        seconds=seconds,
        at_seconds=None if seconds is None else compare(
            {arm: [value_at_seconds(run, metric, seconds) for run in group] for arm, group in arms.items()}
        ),
        target=_target(arms, target_accuracy, by_seconds=by_seconds)
        if target_accuracy is not None and trained else None,
    )  # fmt: skip


def _target(arms: Mapping[str, Sequence[RunRecord]], target: float, *, by_seconds: bool) -> Target:
    times: dict[str, tuple[list[float], list[bool]]] = {}
    epochs = {}
    for arm, runs in arms.items():
        reached_by_run = [reached_at(run, target) for run in runs]
        watched = [
            reached[by_seconds]
            if reached
            else (run.training_seconds[-1] if by_seconds else run.epochs[-1].epoch)
            for run, reached in zip(runs, reached_by_run, strict=True)
        ]
        times[arm] = (watched, [reached is not None for reached in reached_by_run])
        epochs[arm] = tuple(reached[0] if reached else None for reached in reached_by_run)
    return Target(
        accuracy=target,
        unit="seconds" if by_seconds else "epochs",
        arms={arm: time_to_target(*observed) for arm, observed in times.items()},
        epochs=epochs,
        pairs=tuple((a, b, log_rank(*times[a], *times[b])) for a, b in combinations(times, 2)),
    )
