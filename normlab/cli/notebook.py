"""The demo's networks against what the notebook published of them."""

import json
from collections.abc import Sequence
from importlib.resources import files

from normlab.cli.output import out, seconds, table
from normlab.client import Client, Job

TOLERANCE = 0.015
"""Other initial weights and another order of the data move the validation accuracy by about so much."""
FIRST_EPOCH = 3
"""Before it the curves are too steep to be compared."""


def check_against_notebook(client: Client, jobs: Sequence[Job]) -> str | None:
    """Show each job's validation accuracy beside the notebook's, and say what is wrong if they differ."""
    published = json.loads(files("normlab.cli").joinpath("notebook_results.json").read_text())
    out.print("\n[bold]Validation accuracy, here and in the notebook[/]")
    columns = [column for job in jobs for column in (job.title, "notebook")]
    accuracies = table("epoch", *columns, numbers=("epoch", *columns))
    curves = [[epoch.val_accuracy or 0.0 for epoch in client.metrics(job.id).epochs] for job in jobs]
    theirs = [published[job.title]["val_accuracy"] for job in jobs]
    compared = min(map(len, [*curves, *theirs]))
    worst = 0.0
    for index in range(compared):
        row = [str(index + 1)]
        for ours, reference in zip(curves, theirs, strict=True):
            row += [f"{ours[index]:.4f}", f"{reference[index]:.4f}"]
            if index + 1 >= FIRST_EPOCH:
                worst = max(worst, abs(ours[index] - reference[index]))
        accuracies.add_row(*row)
    out.print(accuracies)
    if compared < FIRST_EPOCH:
        out.print(f"Too few epochs to compare: the curves are compared from epoch {FIRST_EPOCH} on.")
        return None
    for job in jobs:
        took = job.timings.get("total_seconds") if job.timings else None
        out.print(
            f"{job.title}: {seconds(took)} here, {seconds(published[job.title]['runtime_seconds'])} in the notebook"
        )
    if worst > TOLERANCE:
        return (
            f"From epoch {FIRST_EPOCH} on, a validation accuracy is {worst:.4f} away from the notebook's; "
            f"at most {TOLERANCE} was expected."
        )
    out.print(
        f"From epoch {FIRST_EPOCH} on they are within {worst:.4f} of each other (allowed: {TOLERANCE})."
    )
    return None
