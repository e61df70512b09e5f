"""``normlab dataset``: bring data of your own, see what is wrong with it, and take it away again."""

from pathlib import Path
from typing import Annotated, Any

import typer

from normlab.cli.commands.catalogue import datasets as list_all
from normlab.cli.display.dataset import check_shown, display_dataset, upload_shown
from normlab.cli.display.output import JsonOption, UrlOption, announce, out, write_file, write_json
from normlab.client import Client
from normlab.documents.dataset_versions import DatasetDocument
from normlab.documents.states import DatasetState
from normlab.spec.columns import Task
from normlab.spec.dataset_options import DatasetOptions, SampleKind, ValidationPart

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The dataset's name.")]
VersionOption = Annotated[
    int | None, typer.Option(min=1, help="The version (default: the newest).", show_default=False)
]

dataset = typer.Typer(
    name="dataset",
    help="Data of your own: add a file or a folder, see what is wrong with it, list and delete datasets.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _about(option: str) -> str:
    said = DatasetOptions.model_fields[option].description or ""
    return said.replace("`", "")


def _option(option: str, **more: Any) -> Any:
    return typer.Option(help=_about(option), show_default=False, **more)


@dataset.command("add")
def add_dataset(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A new name, or one that gets its next version.")
    ],
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="A file (npz, IDX, CSV, Parquet, zip, tar, …), or a folder of folders of pictures.",
        ),
    ],
    *,
    description: Annotated[str | None, _option("description")] = None,
    label_column: Annotated[
        str | None,
        typer.Option("--target", "--label-column", help=_about("label_column"), show_default=False),
    ] = None,
    split_column: Annotated[str | None, _option("split_column")] = None,
    group_column: Annotated[str | None, _option("group_column")] = None,
    time_column: Annotated[str | None, _option("time_column")] = None,
    kind: Annotated[SampleKind | None, _option("kind")] = None,
    task: Annotated[Task | None, _option("task")] = None,
    category_columns: Annotated[str | None, _option("category_columns", metavar="NAMES")] = None,
    ignore_columns: Annotated[str | None, _option("ignore_columns", metavar="NAMES")] = None,
    header: Annotated[bool | None, _option("header")] = None,
    turn: Annotated[bool | None, _option("turn")] = None,
    image_size: Annotated[str | None, _option("image_size", metavar="HEIGHTxWIDTH")] = None,
    validation: Annotated[ValidationPart | None, _option("validation")] = None,
    validation_samples: Annotated[int | None, _option("validation_samples", min=1)] = None,
    test_fraction: Annotated[float | None, _option("test_fraction")] = None,
    validation_fraction: Annotated[float | None, _option("validation_fraction")] = None,
    seed: Annotated[int | None, _option("seed", min=0)] = None,
    wait: Annotated[bool, typer.Option(help="Wait until it is checked, and show its card.")] = True,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Add a dataset: it is sent to the service, and a worker reads it and looks for what is wrong with it.

    The exit code is 1 if it is refused. Ctrl-C while it is checked stops the waiting, not the check.
    """
    options: dict[str, Any] = {
        "description": description,
        "label_column": label_column,
        "split_column": split_column,
        "group_column": group_column,
        "time_column": time_column,
        "kind": kind,
        "task": task,
        "category_columns": category_columns,
        "ignore_columns": ignore_columns,
        "header": header,
        "turn": turn,
        "image_size": image_size,
        "validation": validation,
        "validation_samples": validation_samples,
        "test_fraction": test_fraction,
        "validation_fraction": validation_fraction,
        "seed": seed,
    }
    with Client(url) as client:
        with upload_shown(path) as sent:
            added = client.add_dataset(name, path, sent=sent, **options)
        if wait:
            added = _wait(client, added)
    if as_json:
        write_json(added)
    elif not wait:
        out.print(f"{added.name} version {added.version}  {added.state}", markup=False)
    elif added.state is DatasetState.READY:
        display_dataset(added)
    _exit_unless_usable(added)


def _wait(client: Client, added: DatasetDocument) -> DatasetDocument:
    try:
        with check_shown(added) as progress:
            return client.wait_for_dataset(added.name, added.version, progress=progress)
    except KeyboardInterrupt:
        announce(f"The check goes on; look at it with: normlab dataset show {added.name}")
        raise typer.Exit(130) from None


def _exit_unless_usable(added: DatasetDocument) -> None:
    if added.state in (DatasetState.REFUSED, DatasetState.CANCELLED):
        why = f": {added.reason}" if added.reason else "."
        announce(f"{added.name} version {added.version} is {added.state}{why}")
        raise typer.Exit(1)


@dataset.command("list")
def list_datasets(*, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """List all datasets that a job can name, as `normlab datasets` does."""
    list_all(as_json=as_json, url=url)


@dataset.command("show")
def show_dataset(
    name: NameArgument,
    *,
    version: VersionOption = None,
    pictures: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Write the card's pictures into this folder.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Show a dataset's card: what is in it, and what is wrong with it; or how far its check is."""
    with Client(url) as client:
        shown = client.dataset(name, version)
        if as_json:
            write_json(shown)
        else:
            display_dataset(shown)
        if pictures is not None:
            _write_pictures(client, shown, pictures)


def _write_pictures(client: Client, shown: DatasetDocument, folder: Path) -> None:
    card = shown.card
    named = [] if card is None else [item.picture for item in card.findings]
    named += [] if card is None else [name for item in card.classes for name in (item.mosaic, item.mean)]
    folder.mkdir(parents=True, exist_ok=True)
    for which in dict.fromkeys(name for name in named if name is not None):
        content = client.dataset_picture(shown.name, which, shown.version)
        write_file(folder / Path(which).name, content, "A picture is")


@dataset.command("cancel")
def cancel_dataset(name: NameArgument, *, version: VersionOption = None, url: UrlOption = None) -> None:
    """End the check of a dataset."""
    with Client(url) as client:
        cancelled = client.cancel_dataset(name, version)
    announce(f"the check of version {cancelled.version} of {name} ends")


@dataset.command("delete")
def delete_dataset(
    name: NameArgument,
    *,
    version: Annotated[
        int | None,
        typer.Option(min=1, help="Delete only this version (default: all of them).", show_default=False),
    ] = None,
    url: UrlOption = None,
) -> None:
    """Delete a dataset, or one of its versions. What a job or a comparison uses stays."""
    with Client(url) as client:
        client.delete_dataset(name, version)
    announce(f"{name if version is None else f'version {version} of {name}'} is deleted")
