"""``normlab predict``: let a trained network look at an image."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from normlab.cli.display.output import JsonOption, UrlOption, out, percent, write_json
from normlab.cli.ids import NetworkArgument, network_id
from normlab.client import Client
from normlab.documents.predictions import PredictionDocument
from normlab.spec.images import Invert

BAR_WIDTH = 30


def predict(
    network: NetworkArgument,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A PNG, JPEG or WebP file.")],
    *,
    top: Annotated[int, typer.Option(min=1, help="Number of classes to show.")] = 5,
    invert: Annotated[Invert, typer.Option(help="Whether to swap light and dark first.")] = Invert.NEVER,
    dark_images: Annotated[
        bool,
        typer.Option(
            "--dark-images", help="Take an image in which no value is above 1, which is refused else."
        ),
    ] = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Classify an image with a trained network."""
    with Client(url) as client:
        job = network_id(client, network, "asks a job's network")
        prediction = client.predict(job, image, invert=invert, top_k=top, dark_images=dark_images)[0]
    write_json(prediction) if as_json else show_prediction(prediction)


def show_prediction(prediction: PredictionDocument) -> None:
    """Write the best classes with a bar for each one's probability."""
    bars = Table.grid(padding=(0, 2, 0, 0))
    for score in prediction.top_k or (prediction,):
        bar = "█" * round(score.probability * BAR_WIDTH) or "▏"
        style = "bold" if score.label == prediction.label else "dim"
        bars.add_row(escape(score.class_name), percent(score.probability), bar, style=style)
    out.print(bars)
