"""The command group: every failure that can be foreseen is one message and exit code 1."""

import contextlib
import errno
import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from normlab.cli.display.console import accept_any_text
from normlab.cli.display.output import write_error
from normlab.errors import NormlabError


class ReportingGroup(TyperGroup):
    """A group whose commands may raise ``NormlabError`` and ``OSError``, and write any text to any output."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the program."""
        accept_any_text()
        try:
            return super().main(*arguments, **options)
        finally:
            _flush()

    def invoke(self, ctx: Any) -> Any:
        """Run the command; print the error that it raised to stderr."""
        try:
            return super().invoke(ctx)
        except NormlabError as error:
            write_error(str(error))
        except OSError as error:
            if error.errno == errno.EPIPE:  # who read our output has left; there is nobody to tell
                _discard_output()
            else:
                write_error(f"{error}.")
        raise typer.Exit(1)


def _flush() -> None:
    """Write what is left, so that a failure of it is seen now and not when the interpreter ends."""
    try:
        sys.stdout.flush()
    except OSError as error:
        _discard_output()
        if error.errno != errno.EPIPE:
            write_error(f"The output cannot be written: {error.strerror}.")
        raise SystemExit(1) from None


def _discard_output() -> None:
    with contextlib.suppress(OSError, ValueError):  # not a file: nothing is left to be written at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
