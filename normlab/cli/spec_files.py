"""Job specs from files."""

import json
import sys
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import typer

from normlab.cli.display.output import announce
from normlab.errors import Problem, SpecError
from normlab.json_syntax import syntax_problem
from normlab.keras_models import ARCHIVE_BEGINS, configuration_of_file, convert
from normlab.repeated_keys import RepeatedKeyError, load_json
from normlab.spec import Datasets
from normlab.spec.problems import pointer_to

_MAX_BYTES = 2**24
"""More than any spec has; a device or a model's file has no end, or a late one."""


def read_spec(file: str, hint: str) -> dict[str, Any]:
    """A spec from a JSON file (UTF-8, UTF-16 or UTF-32), ``-`` for stdin; ``hint`` is the argument that named it."""
    text = _text_of(file, hint)
    try:
        spec = load_json(text)
    except RepeatedKeyError as error:
        raise SpecError([Problem(pointer_to(error.path), str(error))]) from error
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"{_name(file)} {syntax_problem(text, error)}.", param_hint=hint) from error
    except ValueError as error:
        raise typer.BadParameter(f"{_name(file)} is not JSON: {error}.", param_hint=hint) from error
    except RecursionError as error:
        raise typer.BadParameter(
            f"{_name(file)} is nested too deeply for a job spec.", param_hint=hint
        ) from error
    if not isinstance(spec, dict):
        raise SpecError([Problem("", 'a job spec is an object, such as {"architecture": "baseline"}')])
    return spec


def spec_of_keras(model: dict[str, Any], fields: dict[str, Any], datasets: Datasets) -> dict[str, Any]:
    """A Keras model's configuration as a spec, with ``fields`` over it; what there is to say about it is said."""
    converted = convert(model, fields, datasets)
    for remark in converted.remarks:
        announce(f"Note: {remark}.")
    return converted.body


def _name(file: str) -> str:
    return "stdin" if file == "-" else file


def _text_of(file: str, hint: str) -> str:
    try:
        if file == "-":
            content = sys.stdin.buffer.read(_MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                content = opened.read(_MAX_BYTES + 1)
            # Its beginning first: to find an archive's end all of a device would be read.
            if content.startswith(ARCHIVE_BEGINS) and is_zipfile(file):
                return configuration_of_file(Path(file))
    except IsADirectoryError as error:
        raise typer.BadParameter(f"{file} is a folder: name the file in it.", param_hint=hint) from error
    except (OSError, ValueError) as error:  # a ValueError: the name cannot be one
        reason = error.strerror if isinstance(error, OSError) else error
        raise typer.BadParameter(f"{file} cannot be read: {reason}.", param_hint=hint) from error
    if len(content) > _MAX_BYTES:
        raise typer.BadParameter(f"{_name(file)} is too large for a job spec.", param_hint=hint)
    try:
        # As json.loads reads bytes: the encoding by the zeros among the first, without the byte order mark.
        return content.decode(json.detect_encoding(content)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(
            f"{_name(file)} is not JSON: it is not text in UTF-8, UTF-16 or UTF-32.", param_hint=hint
        ) from error
