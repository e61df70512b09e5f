"""``normlab models``: names that stand for trained networks."""

from typing import Annotated

import typer
from rich.markup import escape

from normlab.cli.display.output import (
    JsonOption,
    UrlOption,
    announce,
    moment,
    out,
    show_table,
    table,
    write_json,
)
from normlab.cli.ids import JobArgument, job_id
from normlab.client import Client
from normlab.documents.named_models import NamedModelDocument

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The model's name.")]

models = typer.Typer(
    name="models",
    help="Names for trained networks: list them, give one, go back to an earlier version, delete them.",
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@models.callback(invoke_without_command=True)
def list_models(context: typer.Context, *, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """Names for trained networks. Without a command: list them.

    A name stands for the network of one job, its version, and can be given to another later.
    `normlab predict NAME image.png` asks the network that it stands for.
    """
    if context.invoked_subcommand is not None:
        return
    with Client(url) as client:
        named = list(client.models.list())
    if as_json:
        write_json(named)
        return
    listing = table("name", "version", "job", "since", numbers=("version",))
    for model in named:
        listing.add_row(escape(model.name), str(model.version), model.job, moment(model.updated_at))
    show_table(listing, "No names yet. Give one with: normlab models name NAME JOB")


@models.command("show")
def show_model(name: NameArgument, *, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """Show a name's versions and what was done to it."""
    with Client(url) as client:
        model = client.models.get(name)
    if as_json:
        write_json(model)
    else:
        display_model(model)


@models.command("name")
def name_model(name: NameArgument, job: JobArgument, *, url: UrlOption = None) -> None:
    """Let a name stand for a job's network: a new version of it, or the first of a new name."""
    with Client(url) as client:
        model = client.models.point(name, job_id(client, job, "gives a name to a job's network"))
    out.print(
        f"{model.name} is version {model.version}: {model.job}",
        markup=False,
        soft_wrap=True,
    )


@models.command("rollback")
def roll_back_model(
    name: NameArgument,
    *,
    version: Annotated[
        int | None,
        typer.Option(min=1, help="The version to go back to (default: the one before).", show_default=False),
    ] = None,
    url: UrlOption = None,
) -> None:
    """Let a name stand for an earlier version again."""
    with Client(url) as client:
        model = client.models.roll_back(name, version)
    out.print(f"{model.name} is version {model.version} again: {model.job}", markup=False, soft_wrap=True)


@models.command("delete")
def delete_model(
    name: NameArgument,
    *,
    version: Annotated[
        int | None,
        typer.Option(min=1, help="Delete only this version (default: the name).", show_default=False),
    ] = None,
    url: UrlOption = None,
) -> None:
    """Delete a name, or one of its versions. The jobs stay."""
    with Client(url) as client:
        if version is None:
            client.models.delete(name)
        else:
            client.models.delete_version(name, version)
    which = name if version is None else f"version {version} of {name}"
    announce(f"{which} is deleted; the jobs are still there")


def display_model(model: NamedModelDocument) -> None:
    """Write a name's versions and history."""
    out.print(f"[bold]{escape(model.name)}[/]  version {model.version}", soft_wrap=True)
    versions = table("version", "job", "made", numbers=("version",))
    for item in model.versions:
        versions.add_row(str(item.version), item.job, moment(item.created_at))
    out.print(versions)
    out.print()
    for change in model.history:
        done = change.change.replace("_", " ")
        out.print(f"  {moment(change.at)}  version {change.version}  {done}", markup=False, soft_wrap=True)
