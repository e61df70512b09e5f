"""A job as text."""

from rich.markup import escape

from normlab.cli.display.output import moment, number, out, percent, seconds, state_text, table
from normlab.cli.display.verdicts import metric_value
from normlab.documents.jobs import JobDocument, JobResult
from normlab.documents.metrics import MetricsDocument
from normlab.spec.dataset_names import with_version
from normlab.spec.metrics import Metric
from normlab.spec.runs import StopReason


def display_job(job: JobDocument, metrics: MetricsDocument) -> None:
    """Write what a job is, where it is or how it ended, its epochs, and where its time went."""
    out.print(f"[bold]{escape(job.title)}[/]  {state_text(job.state)}  [dim]{job.id}[/]", soft_wrap=True)
    _line(setup_of(job))
    for change in job.history:
        reason = f"  {escape(change.reason)}" if change.reason else ""
        out.print(f"  {moment(change.at)}  {state_text(change.state)}{reason}", soft_wrap=True)
    if job.position is not None:
        start = f", to start about {moment(job.estimated_start_at)}" if job.estimated_start_at else ""
        _line(f"number {job.position} in the queue, waits for {job.waiting_for}{start}")
    if job.progress is not None:
        done = "" if job.progress.fraction is None else f", {percent(job.progress.fraction, 0)} done"
        end = job.progress.estimated_end_at
        _line(
            f"{job.progress.phase}, epoch {job.progress.epoch} of {job.progress.epochs}{done}"
            f"{f', to end about {moment(end)}' if end else ''}"
        )
    for warning in job.warnings:
        _line(f"{warning.code}: {warning.detail}", "yellow")
    if job.error:
        _line(f"{job.error.code}: {job.error.detail}", "red")
    if metrics.epochs:
        out.print()
        _show_epochs(metrics)
    if job.result:
        out.print(f"\n{_outcome(job.result, job.epochs)}", soft_wrap=not out.is_terminal)
    if job.timings:
        parts = [f"{key.removesuffix('_seconds')} {seconds(value)}" for key, value in job.timings if value]
        out.print(f"Time: {', '.join(parts)}.", soft_wrap=not out.is_terminal)


def setup_of(job: JobDocument) -> str:
    """What it trains on and how, in short."""
    epochs = f"{job.epochs} epoch{'s' * (job.epochs != 1)}"
    return (
        f"{with_version(job.dataset, job.dataset_version)}, {epochs}, batches of {job.batch_size}, "
        f"{job.optimizer} with learning rate {number(job.learning_rate)}, seed {job.seed}"
    )


def _outcome(result: JobResult, epochs: int) -> str:
    """How training ended, what the kept network came to, and the best epoch on the way to it where that is another."""
    kept_epoch = result.kept_epoch or result.epochs
    kept = _kept_numbers(result) if result.test_rmse is not None else _kept_classes(result)
    stopped = result.stop_reason is StopReason.EARLY_STOPPING
    ending = f"Early stopping ended the training after epoch {result.epochs} of {epochs}. " if stopped else ""
    sentence = f"{ending}The network of epoch {kept_epoch} was kept: {', '.join(kept)}.{_balanced(result)}"
    if result.best_val_accuracy is None or result.best_epoch == kept_epoch:
        return sentence
    best = percent(result.best_val_accuracy)
    return f"{sentence} The best validation accuracy up to then was {best}, at epoch {result.best_epoch}."


def _kept_classes(result: JobResult) -> list[str]:
    test = [f"test accuracy {percent(result.test_accuracy)}"]
    if result.kept_val_accuracy is None:
        return test
    return [f"validation accuracy {percent(result.kept_val_accuracy)}", *test]


def _kept_numbers(result: JobResult) -> list[str]:
    """Errors are in the target's unit."""
    figures = {
        "validation R²": (result.kept_val_r2, Metric.VAL_R2),
        "validation RMSE": (result.kept_val_rmse, Metric.VAL_RMSE),
        "test R²": (result.test_r2, Metric.TEST_R2),
        "test RMSE": (result.test_rmse, Metric.TEST_RMSE),
        "test MAE": (result.test_mae, Metric.TEST_MAE),
    }
    return [
        f"{name} {metric_value(value, metric)}"
        for name, (value, metric) in figures.items()
        if value is not None
    ]


def _balanced(result: JobResult) -> str:
    """What weighs all classes alike, and how well probabilities fit; nothing of jobs from before it was kept."""
    if result.test_balanced_accuracy is None or result.test_cross_entropy is None:
        return ""
    return (
        f" On the test samples: balanced accuracy {percent(result.test_balanced_accuracy)}, macro F1 "
        f"{percent(result.test_macro_f1)}, log loss {result.test_cross_entropy:.4f}."
    )


def _line(text: str, style: str = "") -> None:
    out.print(f"  {text}", style=style, markup=False, soft_wrap=True)


def _show_epochs(metrics: MetricsDocument) -> None:
    numbers = any(epoch.mse is not None for epoch in metrics.epochs)
    figure, name = (Metric.R2, "R²") if numbers else (Metric.ACCURACY, "accuracy")
    columns = ("epoch", "loss", name, "validation loss", f"validation {name}", "seconds")
    epochs = table(*columns, numbers=columns)
    for epoch in metrics.epochs:
        epochs.add_row(
            str(epoch.epoch),
            f"{epoch.loss:.4f}",
            metric_value(figure.at(epoch), figure),
            "-" if epoch.val_loss is None else f"{epoch.val_loss:.4f}",
            metric_value(figure.on_validation.at(epoch), figure),
            f"{epoch.train_seconds + epoch.evaluate_seconds:.2f}",
        )
    out.print(epochs)
