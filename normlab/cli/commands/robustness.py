"""``normlab robustness``: how accurate networks stay when their pictures are corrupted."""

from pathlib import Path
from typing import Annotated, Any

import typer

from normlab.cli.display.output import JsonOption, UrlOption, write_file, write_json
from normlab.cli.display.robustness import show_arms, show_network
from normlab.cli.files import chart_format_of, check_folder
from normlab.cli.ids import Kind, identify
from normlab.client import Client
from normlab.errors import NotFoundError
from normlab.spec.robustness import MAX_SAMPLES, CorruptionName


def robustness(
    item: Annotated[
        str, typer.Argument(metavar="ID", help="A job or a comparison: its id, or the end of it.")
    ],
    *,
    corruption: Annotated[
        list[CorruptionName] | None,
        typer.Option(help="What is done to the pictures. Repeatable; by default everything."),
    ] = None,
    severity: Annotated[
        list[int] | None, typer.Option(min=1, max=5, help="How much. Repeatable; by default 1 to 5.")
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(min=2, max=MAX_SAMPLES, help="Of how many test pictures (default: all, up to 10,000)."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Draws noise, places and pictures.")] = 0,
    chart: Annotated[
        Path | None,
        typer.Option(help="Write accuracy by severity to this file: .png, .svg, or .json (Vega-Lite)."),
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Say how accurate a trained network stays when its pictures are corrupted, or which arm of a comparison does.

    With the statistics of the training, and with those of batch normalization re-estimated on the corrupted pictures.
    A worker tries the networks when they are first asked about; it takes seconds.
    """
    check_folder("--chart", chart)
    chart_format = chart_format_of(chart)
    asked: dict[str, Any] = {
        "corruptions": corruption or None,
        "severities": severity or None,
        "samples": samples,
        "seed": seed,
    }
    with Client(url) as client:
        found = identify(client, item)
        if found.kind is Kind.JOB:
            network = client.robustness.job(found.id, **asked)
            write_json(network) if as_json else show_network(network)
        elif found.kind is Kind.COMPARISON:
            arms = client.robustness.comparison(found.id, **asked)
            write_json(arms) if as_json else show_arms(arms)
        else:
            raise NotFoundError(
                f"{found.id} is a {found.kind}: networks of jobs and comparisons can be tried"
            )
        if chart is not None and chart_format is not None:
            image = client.robustness.chart(found.id, chart_format, **asked)
            write_file(chart, image, "Accuracy by severity is")
