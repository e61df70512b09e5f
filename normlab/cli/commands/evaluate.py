"""``normlab evaluate``: how well a trained network does on what it has not seen."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from normlab.cli.display.number_evaluation import show_numbers
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
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[@VERSION]",
            help="Another dataset of the same shape and number of classes (default: the one it was trained on).",
            show_default=False,
        ),
    ] = None,
    mistakes: Annotated[
        int,
        typer.Option(
            min=0,
            max=50,
            help="Show so many mistakes of which it was most confident, or of the largest errors.",
        ),
    ] = 5,
    chart: Annotated[
        Path | None,
        typer.Option(
            help="Write the confusion matrix, or predicted against right numbers, to this file: .png, .svg, or .json "
            "(Vega-Lite)."
        ),
    ] = None,
    reliability: Annotated[
        Path | None,
        typer.Option(help="Write accuracy by confidence to this file: .png, .svg, or .json (Vega-Lite)."),
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Say how well a trained network does on held-out samples: by class, how well its probabilities fit, and where it
    is wrong.
    """
    check_folder("--chart", chart)
    check_folder("--reliability", reliability)
    chart_format = chart_format_of(chart)
    reliability_format = chart_format_of(reliability, "--reliability")
    with Client(url) as client:
        job = network_id(client, network, "evaluates a job's network")
        if client.job(job).predicts_numbers:
            of_classes = {"--dataset": dataset, "--reliability": reliability}
            for option in (option for option, value in of_classes.items() if value is not None):
                raise typer.BadParameter(
                    "is of classes, and this network predicts numbers", param_hint=option
                )
            numbers = client.evaluate_numbers(job, split=split, worst=mistakes)
            write_json(numbers) if as_json else show_numbers(numbers)
            if chart is not None and chart_format is not None:
                image = client.predicted_chart(job, split=split, chart_format=chart_format)
                write_file(chart, image, "Predicted against right numbers are")
            return
        evaluation = client.evaluate(job, split=split, mistakes=mistakes, dataset=dataset)
        write_json(evaluation) if as_json else _show(evaluation)
        if chart is not None and chart_format is not None:
            image = client.confusion_chart(job, split=split, dataset=dataset, chart_format=chart_format)
            write_file(chart, image, "The confusion matrix is")
        if reliability is not None and reliability_format is not None:
            image = client.reliability_chart(
                job, split=split, dataset=dataset, chart_format=reliability_format
            )
            write_file(reliability, image, "The reliability of the probabilities is")


def _show(evaluation: EvaluationDocument) -> None:
    for remark in evaluation.remarks:
        out.print(remark, style="yellow", markup=False, soft_wrap=not out.is_terminal)
    dataset = with_version(evaluation.dataset, evaluation.dataset_version)
    out.print(
        f"{percent(evaluation.accuracy)} of {evaluation.samples:,} {evaluation.split} samples of {dataset} "
        f"are right (balanced accuracy {percent(evaluation.balanced_accuracy)}, macro F1 "
        f"{percent(evaluation.macro_f1)}).",
        markup=False,
        soft_wrap=not out.is_terminal,
    )
    _show_probabilities(evaluation)
    out.print()
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


def _show_probabilities(evaluation: EvaluationDocument) -> None:
    """How well the probabilities fit; nothing where that is not known."""
    said = []
    if evaluation.cross_entropy is not None and evaluation.brier_score is not None:
        said = [f"log loss {evaluation.cross_entropy:.4f}, Brier score {evaluation.brier_score:.4f}"]
    fit = evaluation.calibration
    if fit is not None:
        said.append(
            f"expected calibration error {percent(fit.expected_calibration_error)} in {len(fit.bins)} bins of equal "
            f"width ({percent(fit.adaptive_calibration_error)} in bins of equally many samples; a perfectly "
            f"calibrated network has about {percent(fit.error_by_chance)})"
        )
        said.append(f"mean confidence {percent(fit.confidence)}")
    if said:
        text = f"Its probabilities: {', '.join(said)}."
        out.print(text, markup=False, soft_wrap=not out.is_terminal)
