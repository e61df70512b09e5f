"""Job specs from files and options."""

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from normlab.errors import Problem, SpecError


def read_spec(file: str, hint: str) -> dict[str, Any]:
    """A spec from a JSON file (UTF-8, UTF-16 or UTF-32), ``-`` for stdin; ``hint`` is the argument that named it."""
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        # With bytes, json.loads finds the encoding by itself.
        spec = json.loads(content, object_pairs_hook=_object)
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}.", param_hint=hint) from error
    except UnicodeDecodeError as error:
        raise typer.BadParameter(
            f"{file} is not JSON: it is not text in UTF-8, UTF-16 or UTF-32.", param_hint=hint
        ) from error
    except ValueError as error:
        raise typer.BadParameter(f"{file} is not JSON: {error}.", param_hint=hint) from error
    except RecursionError as error:
        raise typer.BadParameter(f"{file} is nested too deeply for a job spec.", param_hint=hint) from error
    if not isinstance(spec, dict):
        raise SpecError([Problem("", 'a job spec is an object, such as {"architecture": "baseline"}')])
    return spec


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"{json.dumps(twice)} stands twice in one object")
    return found


def check_is_json(value: Any) -> None:
    """Refuse what cannot be sent as JSON.

    Raises:
        SpecError: There is a number that is not finite or half a character; the pointer says where.
    """
    try:
        problems = list(_problems(value, ""))
    except RecursionError:
        problems = [Problem("", "is nested too deeply for a job spec")]
    if problems:
        raise SpecError(problems)


def _problems(value: Any, pointer: str) -> Iterator[Problem]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _problems(key, pointer)
                token = key.replace("~", "~0").replace("/", "~1")  # RFC 6901
                yield from _problems(inner, f"{pointer}/{token}")
        case list() | tuple():
            for index, inner in enumerate(value):
                yield from _problems(inner, f"{pointer}/{index}")
        case float() if not math.isfinite(value):
            yield Problem(pointer, f"should be a finite number, and is {value}")
        case str() if any("\ud800" <= character <= "\udfff" for character in value):
            yield Problem(pointer, "should be text, and has half a character (a surrogate) in it")


def put(target: dict[str, Any], values: dict[str, Any]) -> None:
    """Put in what is not None."""
    target.update({key: value for key, value in values.items() if value is not None})


def put_inside(spec: dict[str, Any], key: str, values: dict[str, Any]) -> None:
    """Put what is not None into a part of a spec, which is left alone if there is nothing."""
    if any(value is not None for value in values.values()):
        spec[key] = as_object(spec.get(key), f"/{key}")
        put(spec[key], values)


def as_object(value: Any, pointer: str) -> dict[str, Any]:
    """A part of a spec as an object: a string is short for its name."""
    if not isinstance(value, str | dict | None):
        raise SpecError([Problem(pointer, "should be an object")])
    return {"name": value} if isinstance(value, str) else dict(value or {})
