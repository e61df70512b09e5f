"""``normlab download``: a trained network as files."""

from pathlib import Path
from typing import Annotated

import typer

from normlab.cli.display.output import JsonOption, UrlOption, announce, notes, out, size, table, write_json
from normlab.cli.ids import NetworkArgument, network_id
from normlab.client import Client
from normlab.documents.trained_models import ModelDocument
from normlab.errors import NotFoundError, SetupError
from normlab.spec.export_formats import FORMATS

ALL = "all"


def download(
    network: NetworkArgument,
    formats: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FORMAT",
            help=f"{', '.join(FORMATS)}, or {ALL}. Without one: list what there is.",
            show_default=False,
        ),
    ] = None,
    *,
    to: Annotated[
        Path | None,
        typer.Option(
            help="A folder, or the file to write one format to (default: this folder, named by the job's id).",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Write a trained network to files, each checked against its SHA-256, or list its formats.

    Every format takes raw pixels and gives class probabilities.
    """
    with Client(url) as client:
        model = client.model(network_id(client, network, "downloads a job's network"))
        if not formats:
            write_json(model.formats) if as_json else _list(model)
            return
        known = [item.format for item in model.formats]
        wanted = known if ALL in formats else list(dict.fromkeys(formats))
        for name in wanted:
            if name not in known:
                raise NotFoundError(
                    f"There is no {name!r} file of this network; there is: {', '.join(known)}."
                )
        written = [_write(client, model, name, _target(model, name, to, len(wanted))) for name in wanted]
    if as_json:
        write_json([{"format": name, "file": str(path)} for name, path in zip(wanted, written, strict=True)])
    else:
        for path in written:
            out.print(str(path), markup=False, soft_wrap=True)


def _target(model: ModelDocument, name: str, to: Path | None, files: int) -> Path:
    suffix = next(item.suffix for item in FORMATS if item == name) if name in FORMATS else f".{name}"
    folder = to or Path()
    if folder.is_dir():
        # The only format that shares its suffix with others is a zip file of a folder.
        stem = f"{model.job}_{name}" if suffix == ".zip" else model.job
        return folder / f"{stem}{suffix}"
    if files > 1:
        raise typer.BadParameter(f"{to} is no folder: several formats need one.", param_hint="--to")
    return folder


def _write(client: Client, model: ModelDocument, name: str, target: Path) -> Path:
    if not target.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {target.parent}.", param_hint="--to")
    try:
        path = client.download_model(model.job, name, target)
    except OSError as error:
        raise SetupError(f"Nothing can be written to {target}: {error.strerror}.") from error
    announce(f"{name}, {size(path.stat().st_size)}: its SHA-256 is right")
    return path


def _list(model: ModelDocument) -> None:
    listing = table("format", "size", "for", numbers=("size",))
    uses = {str(item): item.used_for for item in FORMATS}
    for item in model.formats:
        made = "when asked for" if item.bytes is None else size(item.bytes)
        listing.add_row(item.format, made, uses.get(item.format, ""))
    out.print(listing)
    if notes.is_terminal:
        announce(
            f"Get one with: normlab download {model.job} {model.formats[0].format if model.formats else ''}"
        )
