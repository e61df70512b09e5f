"""Job specs from files and options."""

import json
import sys
from pathlib import Path
from typing import Any

import typer

from normlab.errors import Problem, SpecError


def read_spec(file: str, hint: str) -> dict[str, Any]:
    """A spec from a JSON file, ``-`` for stdin; ``hint`` is the argument that named it."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        spec = json.loads(text)
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}.", param_hint=hint) from error
    except ValueError as error:
        raise typer.BadParameter(f"{file} is not JSON: {error}.", param_hint=hint) from error
    if not isinstance(spec, dict):
        raise SpecError([Problem("", 'a job spec is an object, such as {"architecture": "baseline"}')])
    return spec


def put(target: dict[str, Any], values: dict[str, Any]) -> None:
    """Put in what is not None."""
    target.update({key: value for key, value in values.items() if value is not None})


def put_inside(spec: dict[str, Any], key: str, values: dict[str, Any]) -> None:
    """Put what is not None into a part of a spec, which is left alone if there is nothing."""
    if any(value is not None for value in values.values()):
        spec[key] = as_object(spec.get(key))
        put(spec[key], values)


def as_object(value: Any) -> dict[str, Any]:
    """A part of a spec as an object: a string is short for its name."""
    return {"name": value} if isinstance(value, str) else dict(value or {})
