"""``normlab evaluate``: how well a trained network does on what it has not seen."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from normlab.cli.display.output import (
    JsonOption,
    UrlOption,
    out,
    percent,
    table,
    write_file,
    write_json,
)
from normlab.cli.files import chart_format_of, check_folder
from normlab.cli.ids import NetworkArgument, network_id
from normlab.client import Client
from normlab.documents.evaluations import EvaluationDocument, Split
from normlab.spec.dataset_names import with_version

CONFUSIONS = 5
"""So many pairs of classes that are mistaken for each other are shown."""


def evaluate(
    network: NetworkArgument,
    *,
    split: Annotated[Split, typer.Option(help="The samples to evaluate on.")] = Split.TEST,
    mistakes: Annotated[
        int, typer.Option(min=0, max=50, help="Show so many mistakes of which it was most confident.")
    ] = 5,
    chart: Annotated[
        Path | None,
        typer.Option(help="Write the confusion matrix to this file: .png, .svg, or .json (Vega-Lite)."),
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Say how well a trained network does on held-out samples: by class, and where it is wrong."""
    check_folder("--chart", chart)
    chart_format = chart_format_of(chart)
    with Client(url) as client:
        job = network_id(client, network, "evaluates a job's network")
        evaluation = client.evaluate(job, split=split, mistakes=mistakes)
        write_json(evaluation) if as_json else _show(evaluation)
        if chart is not None and chart_format is not None:
            image = client.confusion_chart(job, split=split, chart_format=chart_format)
            write_file(chart, image, "The confusion matrix is")


def _show(evaluation: EvaluationDocument) -> None:
    dataset = with_version(evaluation.dataset, evaluation.dataset_version)
    out.print(
        f"{percent(evaluation.accuracy)} of {evaluation.samples:,} {evaluation.split} samples of {dataset} "
        f"are right (macro F1 {percent(evaluation.macro_f1)}).\n",
        markup=False,
        soft_wrap=not out.is_terminal,
    )
    figures = ("precision", "recall", "F1", "samples")
    classes = table("class", *figures, numbers=figures)
    for item in evaluation.classes:
        classes.add_row(
            escape(item.class_name),
            percent(item.precision),
            percent(item.recall),
            percent(item.f1),
            f"{item.support:,}",
        )
    out.print(classes)
    names = [item.class_name for item in evaluation.classes]
    confused = [
        (count, names[right], names[said])
        for right, row in enumerate(evaluation.confusion_matrix)
        for said, count in enumerate(row)
        if right != said and count
    ]
    if confused:
        out.print("\n[bold]Most often mistaken[/]")
        for count, right, said in sorted(confused, reverse=True)[:CONFUSIONS]:
            out.print(f"- {right} for {said}: {count:,}", markup=False, soft_wrap=True)
    if evaluation.mistakes:
        out.print("\n[bold]Most confident mistakes[/]")
        for mistake in evaluation.mistakes:
            out.print(
                f"- sample {mistake.sample}: {mistake.class_name}, said {mistake.predicted.class_name} "
                f"({percent(mistake.predicted.probability)})",
                markup=False,
                soft_wrap=True,
            )
