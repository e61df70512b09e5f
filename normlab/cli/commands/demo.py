"""``normlab demo``: the notebook's experiment, done by the real service over HTTP."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from normlab.cli.commands.predict import show_prediction
from normlab.cli.commands.watch import report_failures, watch_jobs
from normlab.cli.display.comparison_progress import follow
from normlab.cli.display.output import announce, notes, out, percent, write_error, write_file
from normlab.cli.display.side_by_side import show_comparison, write_chart
from normlab.cli.display.verdicts import show_answer
from normlab.cli.notebook import check_against_notebook
from normlab.client import ChartFormat, Client
from normlab.documents.jobs import JobDocument
from normlab.errors import DatasetError, ServiceError
from normlab.local.service import LocalService
from normlab.spec import DATASETS, DatasetName

ARMS = ("baseline", "batch_norm")
DATASET = DatasetName.FASHION_MNIST
IMAGE_INDEX = 0
DECIDING_ARMS = ("baseline", "baseline_with_batch_norm")
"""They differ in nothing but batch normalization, as the notebook's two do not."""
DECIDING_PAIRS = 5
DECIDING_EPOCHS = 3
EXPLAINED_ARMS = ("deep_sigmoid", "deep_sigmoid_with_batch_norm")
"""Ten layers of sigmoids, of which the first never learn; and the same with nothing added but batch normalization."""
EXPLAINED_PAIRS = 3
EXPLAINING_PROBES = ("gradient", "update", "signal")
"""They tell it, and compile in a few seconds."""


def demo(
    *,
    data: Annotated[Path, typer.Option(help="The folder that keeps everything.")] = Path("demo-data"),
    epochs: Annotated[int, typer.Option(min=1, help="Epochs to train each network for.")] = 10,
) -> None:
    """Train the notebook's two networks through a service of their own, and compare them.

    The demo starts the service, trains both networks on Fashion-MNIST,
    compares them, classifies a test image, and checks the accuracies against the notebook's.

    Then it trains with several seeds, for a verdict on whether batch normalization alone helps, and says why a deep
    network without it does not learn.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C: everything is stopped
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    notes.print("[bold]Fashion-MNIST[/]: looking for its files")
    image = data / "test_image.png"
    label = _write_test_image(data, image)
    notes.print("[bold]The service[/]: Redis, a worker and the API, on this machine only")
    with LocalService(data, announce=announce) as service, Client(service.url) as client:
        announce(f"It answers at {service.url}; its logs are in {service.log_dir}")
        try:
            jobs = _train(client, epochs)
            _compare(client, jobs, data / "comparison.png")
            _classify(client, jobs[-1], image, label)
            differ = _check(client, jobs)
            _decide(client, min(epochs, DECIDING_EPOCHS), data / "report.html")
            _explain(client)
        except ServiceError:
            service.raise_failure()  # it knows better why the service does not answer
            raise
    if differ:
        write_error(differ)
        raise typer.Exit(1)


def _write_test_image(data: Path, image: Path) -> int:
    """Write an image of the real test set; this finds, checks and unpacks the dataset. Returns its label."""
    command = [sys.executable, "-P", "-m", "normlab.sample", DATASET.value, str(IMAGE_INDEX), str(image)]
    environment = {**os.environ, "NORMLAB_DATA_DIR": str(data.absolute())}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode != 0:
        raise DatasetError(done.stderr.strip())
    return int(done.stdout)


def _train(client: Client, epochs: int) -> list[JobDocument]:
    notes.print(f"\n[bold]Training[/] {' and '.join(ARMS)} for {epochs} epochs")
    jobs = [
        client.submit(arm, dataset={"name": DATASET}, training={"epochs": epochs}, tags=["demo"])
        for arm in ARMS
    ]
    jobs = watch_jobs(client, jobs)
    report_failures(jobs)
    return jobs


def _compare(client: Client, jobs: list[JobDocument], chart: Path) -> None:
    ids = [job.id for job in jobs]
    out.print("\n[bold]The comparison[/]")
    show_comparison(client.compare(ids))
    out.print()
    write_chart(client, ids, chart, ChartFormat.PNG)


def _classify(client: Client, job: JobDocument, image: Path, label: int) -> None:
    out.print(
        f"\n[bold]What {job.title} sees in the first test image[/] ({escape(str(image))})", soft_wrap=True
    )
    show_prediction(client.predict(job.id, image, top_k=3)[0])
    out.print(f"The dataset says: {DATASETS[DATASET].classes[label]}")


def _check(client: Client, jobs: list[JobDocument]) -> str | None:
    out.print("\n[bold]Validation accuracy, here and in the notebook[/]")
    curves = {
        arm: [epoch.val_accuracy or 0.0 for epoch in client.metrics(job.id).epochs]
        for arm, job in zip(ARMS, jobs, strict=True)
    }
    took = {
        arm: job.timings.total_seconds if job.timings else None for arm, job in zip(ARMS, jobs, strict=True)
    }
    return check_against_notebook(curves, took)


def _decide(client: Client, epochs: int, report: Path) -> None:
    seeds = f"{DECIDING_PAIRS} seeds of each, {epochs} epoch{'s' * (epochs > 1)}"
    out.print(f"\n[bold]Does batch normalization help?[/] {' against '.join(DECIDING_ARMS)}, {seeds}")
    spec = {"dataset": DATASET, "training": {"epochs": epochs}}
    arms = {name: {"architecture": name, **spec} for name in DECIDING_ARMS}
    asked = client.comparisons.create(arms, replicates=DECIDING_PAIRS, fresh=True, name="demo")
    ended = follow(client, asked)
    if ended.result is None:
        raise ServiceError(f"The comparison {ended.id} has no answer: {' '.join(ended.left_out)}")
    out.print()
    show_answer(ended)
    out.print()
    write_file(report, client.comparisons.report(ended.id).encode(), "The report is")


def _explain(client: Client) -> None:
    """Say in five lines what goes wrong inside the first network, and what differs inside the second."""
    without, normalized = EXPLAINED_ARMS
    out.print(
        f"\n[bold]Why does {without} not learn?[/] beside {normalized}, {EXPLAINED_PAIRS} seeds, one epoch"
    )
    spec = {"dataset": DATASET, "training": {"epochs": 1}, "probes": list(EXPLAINING_PROBES)}
    arms = {name: {"architecture": name, **spec} for name in EXPLAINED_ARMS}
    asked = client.comparisons.create(arms, replicates=EXPLAINED_PAIRS, fresh=True, name="demo, inside")
    ended = follow(client, asked)
    if ended.result is None:
        raise ServiceError(f"The comparison {ended.id} has no answer: {' '.join(ended.left_out)}")
    (mechanism,) = client.comparisons.mechanism(ended.id).pairs
    diagnosis = client.diagnosis(ended.arms[0].jobs[0].job)
    means = " and ".join(f"{percent(arm.mean)} with {name}" for name, arm in ended.result.arms.items())
    lines = [finding.sentence for finding in diagnosis.findings[:2]]
    lines += [*mechanism.highlights[:2], f"The validation accuracy after one epoch is {means}."]
    for line in lines:
        out.print(f"- {line}", markup=False, soft_wrap=not out.is_terminal)
