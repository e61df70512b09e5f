"""``normlab diagnose``: what is wrong inside a network, with layer and epoch."""

from typing import Annotated

import typer

from normlab.cli.display.diagnosis import show_diagnosis
from normlab.cli.display.output import JsonOption, UrlOption, write_json
from normlab.cli.ids import JobArgument, job_id
from normlab.client import Client


def diagnose(
    job: JobArgument,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also show what was looked at and is in order, or does not apply.")
    ] = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Say what is wrong inside a job's network: vanishing gradients, dead units, stale statistics, …

    Each finding names the layer and the epochs in which it was seen, and what would change it.
    While the job runs, it is what is known so far.
    """
    with Client(url) as client:
        diagnosis = client.diagnosis(job_id(client, job, "looks into the network of a job"))
    write_json(diagnosis) if as_json else show_diagnosis(diagnosis, everything=everything)
