"""Jobs that a test ends: rows as a worker would leave them, without training."""

from normlab.spec.epochs import EpochMetrics
from normlab.store import Database, FailureCode
from normlab.store.jobs import endings, leases, reports

ENVIRONMENT = {"normlab": "1", "tensorflow": "2", "device": "cpu", "device_name": "a processor"}


def end_job(
    database: Database,
    job_id: str,
    accuracy: float | None,
    *,
    epochs: int = 2,
    failure: FailureCode = FailureCode.NAN_LOSS,
) -> None:
    """End a queued job with this validation accuracy, or, without one, in failure behind so many epochs."""
    value = 0.1 if accuracy is None else accuracy
    with database.write() as session:
        job = leases.claim(session, job_id, worker="test", lease_seconds=600)
        assert job is not None
        for epoch in range(1, epochs + 1):
            metrics = EpochMetrics(
                epoch=epoch,
                learning_rate=0.001,
                loss=1 - value,
                accuracy=value,
                val_loss=1 - value,
                val_accuracy=value,
                val_balanced_accuracy=value,
                val_macro_f1=value,
                train_seconds=0.5,
                evaluate_seconds=0.1,
                compile_seconds=1.0,
                elapsed_seconds=2.0 * epoch,
            )
            assert reports.report_epoch(session, job_id, job.attempt, metrics)
        if accuracy is None:
            assert endings.fail(session, job_id, job.attempt, failure, "the loss is NaN")
            return
        outcome = endings.Outcome(
            result={"epochs": epochs, "test_accuracy": value, "test_loss": 0.6},
            timings={"starting_seconds": 0.5, "total_seconds": 5.5},
            environment=ENVIRONMENT,
            digests={"final_weights": f"sha256:{job_id}"},
            layers=[],
            artifacts=[],
        )
        assert endings.finish(session, job_id, job.attempt, outcome)
