"""``normlab diagnose``: what is wrong inside a network, with layer and epoch."""

from pathlib import Path
from typing import Annotated

import typer

from normlab.cli.display.diagnosis import show_diagnosis
from normlab.cli.display.output import JsonOption, UrlOption, announce, write_json
from normlab.cli.ids import JobArgument, job_id
from normlab.client import Client
from normlab.documents.charts import InsideChart
from normlab.errors import ServiceError, SetupError


def diagnose(
    job: JobArgument,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also show what was looked at and is in order, or does not apply.")
    ] = False,
    charts: Annotated[
        Path | None, typer.Option(help="Write what can be drawn of it into this folder, as PNG.")
    ] = None,
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
        if charts is not None:
            _write_charts(client, diagnosis.job, charts)


def _write_charts(client: Client, job: str, folder: Path) -> None:
    drawn = {chart: image for chart in InsideChart if (image := _chart(client, job, chart)) is not None}
    if not drawn:
        announce(f"Nothing can be drawn: {job} has no measurements of what the charts show")
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for chart, image in drawn.items():
            (folder / f"{chart}.png").write_bytes(image)
    except OSError as error:
        raise SetupError(f"No charts can be written into {folder}: {error.strerror}.") from error
    announce(f"The charts are in {folder}")


def _chart(client: Client, job: str, chart: InsideChart) -> bytes | None:
    try:
        return client.inside_chart(job, chart)
    except ServiceError as error:
        if error.code != "not_found":
            raise
        return None  # it was not measured, or does not apply to this network
