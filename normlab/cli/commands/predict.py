"""``normlab predict``: let a trained network look at an image, or at rows of a table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from normlab.cli.display.output import JsonOption, UrlOption, out, percent, write_json
from normlab.cli.ids import NetworkArgument, network_id
from normlab.client import Client
from normlab.client.images import image_type
from normlab.documents.predictions import NumberPrediction, PredictionDocument
from normlab.spec.images import Invert
from normlab.spec.shown import to_four_figures

BAR_WIDTH = 30


def predict(
    network: NetworkArgument,
    image: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A PNG, JPEG or WebP file; for a network on a table, rows as a CSV or JSON file.",
        ),
    ],
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
    """Classify an image, or rows of a table, with a trained network; or predict a number of each row."""
    is_rows = image_type(image) is None  # a file that is nothing is told before a job is asked for
    with Client(url) as client:
        job = network_id(client, network, "asks a job's network")
        if client.job(job).predicts_numbers:
            numbers = client.predict_numbers(job, image)
            write_json(numbers) if as_json else show_numbers(numbers)
            return
        predictions = client.predict(job, image, invert=invert, top_k=top, dark_images=dark_images)
    if is_rows:
        write_json(predictions) if as_json else show_rows(predictions)
    else:
        write_json(predictions[0]) if as_json else show_prediction(predictions[0])


def show_numbers(predictions: Sequence[NumberPrediction]) -> None:
    """Write each row's number, in the target's own unit."""
    lines = Table.grid(padding=(0, 2, 0, 0))
    for number, prediction in enumerate(predictions, 1):
        unknown = f"unknown: {', '.join(prediction.unknown)}" if prediction.unknown else ""
        value = to_four_figures(prediction.value)
        lines.add_row(f"row {number}", escape(prediction.target or ""), value, escape(unknown))
    out.print(lines)


def show_rows(predictions: Sequence[PredictionDocument]) -> None:
    """Write each row's best class and its probability, and which of its categories training has not met."""
    lines = Table.grid(padding=(0, 2, 0, 0))
    for number, prediction in enumerate(predictions, 1):
        unknown = f"unknown: {', '.join(prediction.unknown)}" if prediction.unknown else ""
        probability = percent(prediction.probability)
        lines.add_row(f"row {number}", escape(prediction.class_name), probability, escape(unknown))
    out.print(lines)


def show_prediction(prediction: PredictionDocument) -> None:
    """Write the best classes with a bar for each one's probability."""
    bars = Table.grid(padding=(0, 2, 0, 0))
    for score in prediction.top_k or (prediction,):
        bar = "█" * round(score.probability * BAR_WIDTH) or "▏"
        style = "bold" if score.label == prediction.label else "dim"
        bars.add_row(escape(score.class_name), percent(score.probability), bar, style=style)
    out.print(bars)
