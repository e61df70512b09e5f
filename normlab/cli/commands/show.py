"""``normlab show``: everything about a job, a comparison, a sweep or a model's name."""

from typing import Annotated

import typer

from normlab.cli.commands.models import display_model
from normlab.cli.display.comparison import display_comparison
from normlab.cli.display.job import display_job
from normlab.cli.display.output import JsonOption, UrlOption, write_json
from normlab.cli.display.sweep import display_sweep
from normlab.cli.ids import Kind, identify, model_of
from normlab.client import Client


def show(
    what: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="A job's, comparison's or sweep's id, the end of it, or a model's name."
        ),
    ],
    *,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Show a job (state, results, where its time went), a comparison (verdict, jobs), a sweep or a model's name."""
    with Client(url) as client:
        if model_of(client, what) is not None:
            model = client.models.get(what)
            write_json(model) if as_json else display_model(model)
            return
        item = identify(client, what)
        if item.kind is Kind.COMPARISON:
            comparison = client.comparisons.get(item.id)
            write_json(comparison) if as_json else display_comparison(comparison)
            return
        if item.kind is Kind.SWEEP:
            sweep = client.sweeps.get(item.id)
            write_json(sweep) if as_json else display_sweep(sweep)
            return
        job = client.job(item.id)
        if as_json:
            write_json(job)
        else:
            display_job(job, client.metrics(item.id))
