"""The command ``normlab``: start a service on this machine, and talk to one here or elsewhere.

Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 refused or failed (one clear message says
why), 2 wrong usage, 130 ended by Ctrl-C.
"""

from collections.abc import Callable

import typer

from normlab.cli.commands.catalogue import architectures, datasets
from normlab.cli.commands.compare import compare
from normlab.cli.commands.demo import demo
from normlab.cli.commands.jobs import cancel, delete, jobs, retry, show
from normlab.cli.commands.kinds import layers, optimizers, schedules
from normlab.cli.commands.predict import predict
from normlab.cli.commands.reproduce import reproduce
from normlab.cli.commands.submit import submit
from normlab.cli.commands.up import up
from normlab.cli.commands.watch import watch
from normlab.cli.group import ReportingGroup

app = typer.Typer(
    name="normlab",
    cls=ReportingGroup,
    help="Does this change to my network help, by how much, and at what cost?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "This machine": (up, demo),
    "Jobs": (submit, watch, jobs, show, cancel, retry, delete),
    "Answers": (compare, reproduce, predict),
    "Catalogue": (architectures, datasets, layers, optimizers, schedules),
}
for _panel, _commands in _PANELS.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel)(_command)

__all__ = ["app"]
