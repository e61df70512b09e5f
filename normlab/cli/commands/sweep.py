"""``normlab sweep``: at which values does each of these networks do best, and how much does it matter?"""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from normlab.cli.arms import arms_of
from normlab.cli.display.output import DatasetOption, JsonOption, UrlOption, announce, write_file, write_json
from normlab.cli.display.sweep import show_sweep
from normlab.cli.display.sweep_progress import exit_unless_finished, follow_until_interrupted
from normlab.cli.files import chart_format_of, check_folder
from normlab.cli.ids import identify
from normlab.cli.specs import check_is_json, put
from normlab.client import Client
from normlab.spec.sweeps import Strategy

RATE = "training.optimizer.learning_rate"
_RANGE = re.compile(
    r"(?P<kind>log|linear|integer):(?P<low>[^.,:/]\S*?)\.\.(?P<high>[^/]+?)(?:/(?P<steps>\d+))?"
)
_STEPS = {"log": "per_decade", "linear": "steps", "integer": "step"}
_FORM = (
    "should be PATH=log:LOW..HIGH/PER_DECADE, linear:LOW..HIGH/STEPS, integer:LOW..HIGH/STEP (the last part may be "
    "left out), or PATH=VALUE,VALUE,…"
)


def sweep(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="WHAT",
            help="Presets or files with a job spec or a Keras model; or one sweep, by its id.",
        ),
    ],
    *,
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--over",
            metavar="PATH=RANGE",
            help="What is tried: training.batch_size=integer:16..64/16, training.optimizer=sgd,adam, or "
            f"lr=log:1e-3..1/2, where lr is short for {RATE}. Repeatable. Default: lr=log:1e-4..1/2.",
            show_default=False,
        ),
    ] = None,
    strategy: Annotated[Strategy, typer.Option(help="How points are chosen.")] = Strategy.GRID,
    jobs: Annotated[
        int | None, typer.Option(help="What it may cost: jobs, all networks and seeds together.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="What it may cost: seconds of all jobs, added up.")
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(help="Seeds to train each point with (default: 3).", show_default=False),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(help="val_accuracy, val_loss, … (default: val_accuracy).", show_default=False),
    ] = None,
    delta: Annotated[
        float | None,
        typer.Option(
            help="What is nearly as good as the best (default: 0.01 of an accuracy).", show_default=False
        ),
    ] = None,
    widen: Annotated[
        bool,
        typer.Option("--widen", help="Widen a grid, twice at most, where the best point lies at its edge."),
    ] = False,
    dataset: DatasetOption = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training samples.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the strategy's draws.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Train every job anew; reuse none.")] = False,
    name: Annotated[str | None, typer.Option(help="A name for the sweep.")] = None,
    chart: Annotated[
        Path | None,
        typer.Option(help="Write the response curve to this file: .png, .svg, or .json (Vega-Lite)."),
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Train networks at the points of a space, and say which is best, how sure that is, and how much it matters.

    `normlab sweep baseline batch_norm --over lr=log:1e-3..1/2` asks which learning rate suits each.

    The exit code is 0 when the sweep has an answer.
    """
    check_folder("--chart", chart)
    chart_format = chart_format_of(chart)
    asked: dict[str, Any] = {"strategy": strategy.value}
    budget: dict[str, Any] = {}
    put(budget, {"jobs": jobs, "seconds": seconds})
    put(
        asked,
        {
            "budget": budget or None,
            "seeds": seeds,
            "metric": metric,
            "delta": delta,
            "widen": widen or None,
            "seed": seed,
            "fresh": fresh or None,
            "name": name,
        },
    )
    check_is_json(asked)
    with Client(url) as client:
        if len(what) == 1 and what[0].startswith("swp_"):
            begun = client.sweeps.get(identify(client, what[0]).id)
        else:
            space = dict(map(parameter, over or ["lr=log:1e-4..1/2"]))
            arms = arms_of(client, what, dataset, epochs, hint="WHAT", fewest=1)
            check_is_json(arms)
            begun = client.sweeps.create(arms, space, **asked)
            announce(f"Sweep {begun.id}")
        ended = follow_until_interrupted(client, begun)
        write_json(ended) if as_json else show_sweep(ended)
        if chart is not None and chart_format is not None and ended.result is not None:
            image = client.sweeps.chart(ended.id, "response_curve", chart_format)
            write_file(chart, image, "The response curve is")
    exit_unless_finished(ended)


def parameter(text: str) -> tuple[str, dict[str, Any]]:
    """A parameter of a space, as an option writes it.

    >>> parameter("lr=log:1e-3..1/2")
    ('training.optimizer.learning_rate', {'log': [0.001, 1], 'per_decade': 2})
    >>> parameter("training.optimizer=sgd,adam")
    ('training.optimizer', {'choices': ['sgd', 'adam']})
    """
    path, sign, written = text.partition("=")
    path = {"lr": RATE, "learning_rate": RATE}.get(path, path)
    if not sign or not path or not written:
        raise typer.BadParameter(f"{text} {_FORM}.", param_hint="--over")
    found = _RANGE.fullmatch(written)
    if found is None:
        if ".." in written or written.partition(":")[0] in _STEPS:
            raise typer.BadParameter(f"{text} {_FORM}.", param_hint="--over")
        return path, {"choices": [_value(each) for each in written.split(",")]}
    drawn: dict[str, Any] = {found["kind"]: [_value(found["low"]), _value(found["high"])]}
    put(drawn, {_STEPS[found["kind"]]: found["steps"] and int(found["steps"])})
    return path, drawn


def _value(text: str) -> Any:
    """A number, true, false or null as JSON has them; else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
