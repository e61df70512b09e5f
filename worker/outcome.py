"""From a trained network to what the database and the artifact store keep of it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from normlab.spec.epochs import FIGURES, EpochMetrics
from normlab.store import ArtifactStore, Job
from normlab.store.artifacts import StoredFile
from normlab.store.jobs.endings import Outcome
from worker.load import Load
from worker.reports import storable

if TYPE_CHECKING:
    from normlab.training import ExportedFile, TrainResult


def store_files(artifacts: ArtifactStore, job: Job, exported: "Sequence[ExportedFile]") -> list[StoredFile]:
    """Put the files that could be made into the artifact store."""
    return [
        artifacts.put(job.id, job.attempt, file.kind, file.path, file.kind.media_type)
        for file in exported
        if file.path is not None
    ]


def outcome_of(
    job: Job,
    result: "TrainResult",
    exported: "Sequence[ExportedFile]",
    files: Sequence[StoredFile],
    *,
    exporting_seconds: float,
    load: Load | None,
) -> Outcome:
    """What ``GET /jobs/{id}`` will show."""
    timings = asdict(result.timings)
    timings["exporting_seconds"] = exporting_seconds
    timings["total_seconds"] += exporting_seconds
    timings["waiting_seconds"] = (job.started_at - job.queued_at).total_seconds() if job.started_at else None
    return Outcome(
        result=_result(result)
        | {"export_errors": {str(file.kind): storable(file.error) for file in exported if file.error}},
        timings=timings,
        environment=result.environment | {"load": load},
        digests=result.digests,
        layers=result.layers,
        artifacts=files,
    )


def _of_numbers(result: "TrainResult", kept: EpochMetrics) -> dict[str, Any]:
    """What only jobs that predict numbers have."""
    if not result.beside_mean:
        return {}
    return {
        **{f"kept_val_{figure}": getattr(kept, f"val_{figure}") for figure in FIGURES},
        "beside_mean": {part: asdict(test) for part, test in result.beside_mean.items()},
    }


def _result(result: "TrainResult") -> dict[str, Any]:
    history = result.history[: result.kept_epoch]  # what came after was tried and thrown away
    validated = [record.val_accuracy for record in history if record.val_accuracy is not None]
    target = result.spec.training.target_accuracy
    reached = (
        record.epoch
        for record in history
        if target is not None and record.val_accuracy is not None and record.val_accuracy >= target
    )
    kept = history[-1]
    return {
        "epochs": len(result.history),
        "kept_epoch": result.kept_epoch,
        "stop_reason": result.stop_reason,
        "best_epoch": result.best_epoch,
        "best_val_accuracy": max(validated, default=None),
        "kept_val_accuracy": kept.val_accuracy,
        "kept_val_balanced_accuracy": kept.val_balanced_accuracy,
        "kept_val_macro_f1": kept.val_macro_f1,
        "kept_val_cross_entropy": kept.val_cross_entropy,
        **_of_numbers(result, kept),
        "test_accuracy": None,
        **result.test.named("test_"),
        "majority": {part: asdict(test) for part, test in result.majority.items()},
        "population_statistics": None if result.population is None else asdict(result.population),
        "reached_target_at_epoch": next(reached, None),
        "train_seconds": sum(record.train_seconds for record in result.history),
    }
