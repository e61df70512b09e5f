"""``normlab architectures`` and ``normlab datasets``."""

from typing import Annotated

import typer
from rich.markup import escape

from normlab.cli.display.output import JsonOption, UrlOption, out, table, write_json
from normlab.client import Client
from normlab.documents.dataset_versions import AnyDataset
from normlab.documents.states import DatasetState
from normlab.spec import DatasetInfo
from normlab.spec.nearest import did_you_mean
from normlab.spec.shown import quoted


def architectures(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Print this preset's layers as a spec.", show_default=False),
    ] = None,
    *,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List the presets, which are architectures with a name.

    `normlab architectures baseline > mine.json` writes one to a file, as a beginning for layers of your own.
    """
    with Client(url) as client:
        presets = client.architectures()
    if name is not None:
        chosen = next((preset for preset in presets if preset.name == name), None)
        if chosen is None:
            hint = did_you_mean(name, [preset.name for preset in presets])
            raise typer.BadParameter(f"there is no preset {quoted(name)}{hint}.", param_hint="NAME")
        write_json(chosen if as_json else {"architecture": {"layers": chosen.layers}})
        return
    if as_json:
        write_json(presets)
        return
    listing = table("preset", "layers", "parameters", "what it is", numbers=("layers", "parameters"))
    for preset in presets:
        choice = f" Also with: {', '.join(preset.normalizations)}." if preset.normalizations else ""
        description = escape(f"{preset.description}{choice}")
        listing.add_row(preset.name, str(preset.planned_layers), f"{preset.parameters:,}", description)
    out.print(listing)


def datasets(*, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """List the datasets that a job can name."""
    with Client(url) as client:
        known = client.datasets()
    if as_json:
        write_json(known)
        return
    listing = table("dataset", "training", "test", "shape", "what it is", numbers=("training", "test"))
    for dataset in known:
        listing.add_row(*dataset_row(dataset))
    out.print(listing)


def dataset_row(dataset: AnyDataset) -> tuple[str, ...]:
    """A dataset in a table: name, samples for training and test, shape, what it is."""
    counts = [
        "-" if count is None else f"{count:,}" for count in (dataset.training_samples, dataset.test_samples)
    ]
    shape = " x ".join(map(str, dataset.shape or ())) or "-"
    return (escape(dataset.name), *counts, shape, escape(_what(dataset)))


def _what(dataset: AnyDataset) -> str:
    if isinstance(dataset, DatasetInfo):
        return dataset.description
    said = f"Version {dataset.version}"
    if dataset.state is not DatasetState.READY:
        return f"{said}, {dataset.state}{': ' if dataset.reason else ''}{dataset.reason or ''}"
    return f"{said}. {dataset.description or ''}".strip()
