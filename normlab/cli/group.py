"""The command group: what Normlab raises on purpose becomes one message and exit code 1."""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from normlab.errors import NormlabError


class ReportingGroup(TyperGroup):
    """A group whose commands may raise ``NormlabError``."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; print the error that it raised to stderr."""
        try:
            return super().invoke(ctx)
        except NormlabError as error:
            sys.stderr.write(f"Error: {error}\n")
            raise typer.Exit(1) from error
