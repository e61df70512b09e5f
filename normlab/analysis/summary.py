"""Several runs side by side: each one's figures, what differs between their specs, and the caveats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from normlab.analysis.curve import reached_at
from normlab.analysis.datasets import task_of
from normlab.analysis.differences import Difference, differences
from normlab.analysis.documents import to_plain
from normlab.analysis.fairness import caveats
from normlab.analysis.records import RunRecord, labels
from normlab.analysis.setup import Setup, setup_of
from normlab.analysis.sizes import size_of
from normlab.spec.metrics import DEFAULT_METRICS, Metric


@dataclass(frozen=True)
class RunSummary:
    """The figures of one run. What is not known (no epoch yet, target not set or not reached) is None.

    All clocks of training count training steps only: compilation, which the first epoch waits for, is apart.
    """

    id: str
    name: str
    seed: int | None
    epochs: int
    parameters: int | None
    multiplications_per_sample: int | None
    best_val_accuracy: float | None
    best_epoch: int | None
    kept_val_accuracy: float | None
    kept_epoch: int | None
    """The epoch whose weights were kept, or of a run that still trains the last one so far."""
    kept_val_balanced_accuracy: float | None
    kept_val_macro_f1: float | None
    test_accuracy: float | None
    test_balanced_accuracy: float | None
    test_macro_f1: float | None
    kept_val_r2: float | None
    """As the three below, of runs that predict numbers."""
    kept_val_rmse: float | None
    test_r2: float | None
    test_rmse: float | None
    seconds_per_epoch: float | None
    """Median over the epochs."""
    compile_seconds: float | None
    train_seconds: float
    run_seconds: float | None
    """The whole run, from claim to end."""
    target_accuracy: float | None
    reached_target_at_epoch: int | None
    seconds_to_target: float | None


@dataclass(frozen=True)
class SideBySide:
    """What ``GET /comparisons?jobs=…`` answers."""

    setup: Setup
    """``by_arm`` is keyed by the job's id."""
    jobs: tuple[RunSummary, ...]
    differences: tuple[Difference, ...]
    """Values are keyed by the job's id."""
    caveats: tuple[str, ...]

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "setup": self.setup.to_document(),
            "jobs": [_without_what_is_not_known(to_plain(job)) for job in self.jobs],
            "differences": [difference.to_document() for difference in self.differences],
            "caveats": list(self.caveats),
        }


_OF_NUMBERS = ("kept_val_r2", "kept_val_rmse", "test_r2", "test_rmse")


def _without_what_is_not_known(job: dict[str, Any]) -> dict[str, Any]:
    """Without the figures of numbers where there are none."""
    return {name: value for name, value in job.items() if value is not None or name not in _OF_NUMBERS}


def summarize(runs: Sequence[RunRecord]) -> SideBySide:
    """Several runs side by side, in the order in which they are given. ``ValueError`` when there is none."""
    if not runs:
        raise ValueError("a comparison needs at least one run")
    specs: Mapping[str, Any] = {run.job: run.spec for run in runs}
    if len(specs) != len(runs):
        raise ValueError("a run can be in a comparison only once, but some ids are the same")
    return SideBySide(
        setup=setup_of({run.job: [run] for run in runs}),
        jobs=tuple(_summarize(run, label) for run, label in zip(runs, labels(runs), strict=True)),
        differences=differences(specs),
        caveats=caveats(runs),
    )


def _summarize(run: RunRecord, label: str) -> RunSummary:
    metric = DEFAULT_METRICS[task_of([run])]
    validated = [(value, point.epoch) for point in run.kept_epochs if (value := metric.at(point)) is not None]
    # The first of equals: the epoch at which that accuracy, or R², was there.
    best, best_epoch = max(validated, key=lambda item: item[0], default=(None, None))
    reached = None if run.target is None else reached_at(run, run.target)
    size = size_of(run.spec)
    return RunSummary(
        id=run.job,
        name=label,
        seed=run.seed,
        epochs=len(run.epochs),
        parameters=size.parameters if size else None,
        multiplications_per_sample=size.multiplications_per_sample if size else None,
        best_val_accuracy=best if metric is Metric.VAL_ACCURACY else None,
        best_epoch=best_epoch,
        kept_val_accuracy=run.kept.val_accuracy if run.kept else None,
        kept_epoch=run.kept.epoch if run.kept else None,
        kept_val_balanced_accuracy=run.kept.val_balanced_accuracy if run.kept else None,
        kept_val_macro_f1=run.kept.val_macro_f1 if run.kept else None,
        test_accuracy=run.test_accuracy,
        test_balanced_accuracy=run.test_balanced_accuracy,
        test_macro_f1=run.test_macro_f1,
        kept_val_r2=run.kept.val_r2 if run.kept else None,
        kept_val_rmse=run.kept.val_rmse if run.kept else None,
        test_r2=run.test_r2,
        test_rmse=run.test_rmse,
        seconds_per_epoch=median(point.train_seconds for point in run.epochs) if run.epochs else None,
        compile_seconds=run.timings.get("compiling_seconds")
        or sum(point.compile_seconds for point in run.epochs),
        train_seconds=run.training_seconds[-1] if run.epochs else 0.0,
        run_seconds=run.timings.get("total_seconds"),
        target_accuracy=run.target,
        reached_target_at_epoch=reached[0] if reached else None,
        seconds_to_target=reached[1] if reached else None,
    )
