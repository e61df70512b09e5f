"""The command ``normlab``: start a service on this machine, and talk to one here or elsewhere.

Results go to stdout, everything else to stderr. The exit codes are those of ``EXIT_CODES``.
"""

from collections.abc import Callable
from typing import Annotated

import typer

from normlab import __version__
from normlab.cli.commands.catalogue import architectures, datasets
from normlab.cli.commands.changes import cancel, delete, retry
from normlab.cli.commands.compare import compare
from normlab.cli.commands.comparisons import comparisons
from normlab.cli.commands.dataset import dataset
from normlab.cli.commands.demo import demo
from normlab.cli.commands.diagnose import diagnose
from normlab.cli.commands.download import download
from normlab.cli.commands.evaluate import evaluate
from normlab.cli.commands.jobs import jobs
from normlab.cli.commands.kinds import augmentations, layers, losses, optimizers, schedules
from normlab.cli.commands.models import models
from normlab.cli.commands.predict import predict
from normlab.cli.commands.prune import prune
from normlab.cli.commands.reproduce import reproduce
from normlab.cli.commands.robustness import robustness
from normlab.cli.commands.show import show
from normlab.cli.commands.submit import submit
from normlab.cli.commands.sweep import sweep
from normlab.cli.commands.sweeps import sweeps
from normlab.cli.commands.trial import trial
from normlab.cli.commands.up import up
from normlab.cli.commands.watch import watch
from normlab.cli.group import ReportingGroup

EXIT_CODES = {
    0: "done",
    1: "refused or failed, and one message says why",
    2: "wrong usage: an option or an argument",
    130: "ended by Ctrl-C, while the service goes on with what it was asked",
}
"""What a command ends with."""

_EPILOG = f"""
A first round, in two terminals: `normlab up`, and `normlab submit baseline --dataset digits --watch`; then
`normlab compare baseline baseline_with_batch_norm --dataset digits`.

Where an id is asked for, the end or the beginning of one is enough, if it fits nothing else.

NORMLAB_URL is the address of the service, if it is not http://127.0.0.1:8000; the
option --url of a command, behind its name, overrides it.

Exit codes: {"; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())}.
"""

app = typer.Typer(
    name="normlab",
    cls=ReportingGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"normlab {__version__}")
        raise typer.Exit


@app.callback(epilog=_EPILOG)
def main(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version),
    ] = False,
) -> None:
    """Does this change to my network help, by how much, and at what cost?"""


_PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Begin": (up, demo),
    "Train a network": (submit, watch, jobs),
    "Find out which is better": (compare, comparisons, sweep, sweeps, trial, diagnose, robustness, reproduce),
    "Use what was trained": (predict, evaluate, download),
    "Look at something, and change or delete it": (show, cancel, retry, delete, prune),
    "What can be asked for": (architectures, datasets, layers, optimizers, schedules, losses, augmentations),
}
for _panel, _commands in _PANELS.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel)(_command)
app.add_typer(dataset, rich_help_panel="Train a network")
app.add_typer(models, rich_help_panel="Use what was trained")

__all__ = ["EXIT_CODES", "app"]
