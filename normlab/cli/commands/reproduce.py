"""``normlab reproduce``: run a comparison's jobs again, and say whether the same comes out."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from normlab.cli.commands.watch import watch_until_interrupted
from normlab.cli.display.output import JsonOption, UrlOption, out, table, write_json
from normlab.cli.reproduction import (
    ACCURACY_TOLERANCE,
    LOSS_TOLERANCE,
    BundledJob,
    Judgement,
    Reproduced,
    judge,
    read_bundle,
)
from normlab.cli.specs import check_is_json
from normlab.client import Client
from normlab.documents.jobs import JobDocument
from normlab.errors import SetupError

_STYLES = {
    Reproduced.SAME_BITS: "green",
    Reproduced.WITHIN_TOLERANCE: "yellow",
    Reproduced.DIFFERENT: "red",
    Reproduced.NOT_RUN: "red",
}


def reproduce(
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", help="The archive that `normlab compare --bundle` wrote.")
    ],
    *,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Train all jobs of a comparison again, and say of each whether the same comes out.

    Each is the same to the bit, within tolerance, or different, and the reasons are given.
    The exit code is 0 when none is different, else 1.
    """
    jobs = read_bundle(bundle)
    if not jobs:
        raise SetupError(f"{bundle} has no job that succeeded: there is nothing to reproduce.")
    check_is_json([job.spec for job in jobs])
    with Client(url) as client:
        submitted = [client.submit({**job.spec, "tags": ["reproduction"]}) for job in jobs]
        ended = watch_until_interrupted(client, submitted)
        judged = [judge(job, again, client.metrics(again.id)) for job, again in zip(jobs, ended, strict=True)]
    if as_json:
        write_json(
            [
                {
                    "arm": job.arm,
                    "seed": job.seed,
                    "job": again.id,
                    "outcome": judgement.outcome,
                    "largest_difference": judgement.largest_difference,
                    "reasons": judgement.reasons,
                }
                for job, again, judgement in zip(jobs, ended, judged, strict=True)
            ]
        )
    else:
        _show(jobs, ended, judged)
    if any(judgement.outcome in (Reproduced.DIFFERENT, Reproduced.NOT_RUN) for judgement in judged):
        raise typer.Exit(1)


def _show(jobs: list[BundledJob], ended: list[JobDocument], judged: list[Judgement]) -> None:
    made = table(
        "arm", "seed", "outcome", "largest difference", "job", numbers=("seed", "largest difference")
    )
    for job, again, judgement in zip(jobs, ended, judged, strict=True):
        difference = "-" if judgement.largest_difference is None else f"{judgement.largest_difference:.4f}"
        outcome = f"[{_STYLES[judgement.outcome]}]{judgement.outcome}[/]"
        made.add_row(escape(job.arm), str(job.seed), outcome, difference, again.id)
    out.print(made)
    out.print()
    counts = Counter(judgement.outcome for judgement in judged)
    out.print(", ".join(f"{counts[outcome]} {outcome}" for outcome in Reproduced if counts[outcome]))
    reasons = dict.fromkeys(reason for judgement in judged for reason in judgement.reasons)
    if reasons:
        out.print("\n[bold]Possible reasons[/]")
        for reason in reasons:
            out.print(f"- {reason}", markup=False, soft_wrap=not out.is_terminal)
    if counts[Reproduced.WITHIN_TOLERANCE] or counts[Reproduced.DIFFERENT]:
        out.print(
            f"\nWithin tolerance: accuracies of the last epoch within {ACCURACY_TOLERANCE}, losses within "
            f"{LOSS_TOLERANCE:.0%} of what they were.".replace("%", " %"),
            markup=False,
            soft_wrap=not out.is_terminal,
        )
