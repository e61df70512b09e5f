"""``normlab compare``: does one of these networks do better? Or: jobs side by side."""

from pathlib import Path
from typing import Annotated, Any

import typer

from normlab.cli.arms import arms_of
from normlab.cli.display.comparison_progress import exit_unless_finished, follow_until_interrupted
from normlab.cli.display.mechanism import show_mechanisms
from normlab.cli.display.output import DatasetOption, JsonOption, UrlOption, announce, write_file, write_json
from normlab.cli.display.side_by_side import show_comparison, write_chart
from normlab.cli.display.verdicts import show_answer
from normlab.cli.files import chart_format_of, check_folder, suffix_of
from normlab.cli.ids import AmbiguousIdError, Identified, Kind, identify, looks_like_an_id
from normlab.cli.specs import check_is_json, put
from normlab.client import Client, ReportFormat
from normlab.errors import NotFoundError
from normlab.spec import PRESETS

DEFAULT_SEED, DEFAULT_REPLICATES = 42, 5
"""The service's own."""


def compare(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="WHAT",
            help="Presets (resnet20:group is one with another normalization) or files with a job spec or a Keras model "
            "(.keras, or its to_json()); or jobs by their ids or the ends of them; or one comparison.",
        ),
    ],
    *,
    replicates: Annotated[
        int | None, typer.Option(help="Seeds to train each network with (default: 5).", show_default=False)
    ] = None,
    up_to: Annotated[
        int | None,
        typer.Option(help="Add seeds until the comparison is decided, up to this many.", show_default=False),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help="val_accuracy, test_accuracy, val_balanced_accuracy, val_macro_f1, val_loss, …; where numbers are "
            "predicted val_r2, val_rmse, val_mse, val_mae, … (default: val_accuracy or val_r2).",
            show_default=False,
        ),
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option(help="Confidence level of the intervals (default: 0.95).", show_default=False),
    ] = None,
    margin: Annotated[
        float | None, typer.Option(help="Smallest difference that matters; 0.005 is half a percentage point.")
    ] = None,
    target: Annotated[
        float | None, typer.Option(help="Also report the time to this validation accuracy.")
    ] = None,
    dataset: DatasetOption = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training samples.")] = None,
    seed: Annotated[
        int | None, typer.Option(help="The first seed (default: 42).", show_default=False)
    ] = None,
    own_seeds: Annotated[
        bool,
        typer.Option(
            "--own-seeds",
            help="Give each network seeds of its own. One network named twice then shows what seeds alone do.",
        ),
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Train every job anew; reuse none.")] = False,
    name: Annotated[str | None, typer.Option(help="A name for the comparison.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a report to this file: .html or .md.")] = None,
    bundle: Annotated[
        Path | None, typer.Option(help="Write an archive for `normlab reproduce` to this file.")
    ] = None,
    chart: Annotated[
        Path | None,
        typer.Option(help="Write the learning curves to this file: .png, .svg, or .json (Vega-Lite)."),
    ] = None,
    why: Annotated[
        bool,
        typer.Option("--why", help="Also say what differs inside the networks, where, and from when on."),
    ] = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Train networks with the same seeds and say whether one is better, or put jobs side by side.

    `normlab compare baseline batch_norm --replicates 5` trains both with five seeds.
    It reports by how much they differ, how sure that is, the cost, and what to beware of.

    The exit code is 0 when the comparison has an answer; "inconclusive" is one.
    """
    for option, path in {"--report": report, "--bundle": bundle, "--chart": chart}.items():
        check_folder(option, path)
    chart_format = chart_format_of(chart)
    report_format = (
        None if report is None else ReportFormat(suffix_of(report, "--report", list(ReportFormat)))
    )
    question: dict[str, Any] = {}
    put(
        question,
        {
            "replicates": _replicates(replicates, up_to),
            "metric": metric,
            "confidence": confidence,
            "equivalence_margin": margin,
            "target_accuracy": target,
            "base_seed": seed,
            "fresh": fresh or None,
            "name": name,
        },
    )
    check_is_json(question)
    with Client(url) as client:
        identified = _identified(client, what)
        jobs = [item.id for item in identified if item.kind is Kind.JOB]
        if jobs:
            if question or dataset or epochs or own_seeds or report or bundle or why:
                raise typer.BadParameter("of these options only --chart, --json and --url go with jobs.")
            compared = client.compare(jobs)
            write_json(compared) if as_json else show_comparison(compared)
            if chart is not None and chart_format is not None:
                write_chart(client, jobs, chart, chart_format)
            return
        if identified:
            if question or dataset or epochs or own_seeds:
                raise typer.BadParameter("a comparison that exists cannot be changed.")
            begun = client.comparisons.get(identified[0].id)
        else:
            arms = arms_of(client, what, dataset, epochs, again=own_seeds, hint="WHAT")
            seeds = _own_seeds(list(arms), seed, up_to or replicates) if own_seeds else {}
            check_is_json(arms)
            begun = client.comparisons.create(arms, base_seeds=seeds, **question)
            announce(f"Comparison {begun.id}")
        ended = follow_until_interrupted(client, begun)
        write_json(ended) if as_json else show_answer(ended)
        if why and not as_json:
            show_mechanisms(client.comparisons.mechanism(ended.id))
        if ended.result is not None:
            if chart is not None and chart_format is not None:
                image = client.comparisons.chart(ended.id, "learning_curves", chart_format)
                write_file(chart, image, "The learning curves are")
            if report is not None and report_format is not None:
                page = client.comparisons.report(ended.id, report_format)
                write_file(report, page.encode(), "The report is")
            if bundle is not None:
                write_file(bundle, client.comparisons.bundle(ended.id), "The archive is")
    exit_unless_finished(ended)


def _identified(client: Client, what: list[str]) -> list[Identified]:
    """The jobs, or the one comparison, that are named; nothing when they are presets and files."""
    ids = [text for text in what if _is_an_id(client, text)]
    if not ids:
        return []
    if len(ids) < len(what):
        others = ", ".join(text for text in what if text not in ids)
        raise typer.BadParameter(
            f"{others} is no id, and {ids[0]} is one: name networks to train, or what exists.",
            param_hint="WHAT",
        )
    identified = [identify(client, text) for text in ids]
    if any(item.kind is Kind.SWEEP for item in identified):
        raise typer.BadParameter("`normlab sweep` is about sweeps.", param_hint="WHAT")
    if len(identified) > 1 and any(item.kind is Kind.COMPARISON for item in identified):
        raise typer.BadParameter("jobs, or one comparison alone, can be looked at.", param_hint="WHAT")
    return identified


def _is_an_id(client: Client, text: str) -> bool:
    if looks_like_an_id(text):
        return True
    if text.partition(":")[0] in PRESETS or Path(text).suffix == ".json" or Path(text).is_file():
        return False
    try:
        identify(client, text)
    except AmbiguousIdError:
        return True
    except NotFoundError:
        return False
    return True


def _replicates(start: int | None, up_to: int | None) -> int | dict[str, int] | None:
    return start if up_to is None else {"start": start or DEFAULT_REPLICATES, "max": up_to}


def _own_seeds(names: list[str], first: int | None, most: int | None) -> dict[str, int]:
    """Where each arm's seeds begin, so that they do not overlap."""
    first, most = DEFAULT_SEED if first is None else first, most or DEFAULT_REPLICATES
    return {name: first + index * most for index, name in enumerate(names) if index}
