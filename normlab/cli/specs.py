"""Job specs from options."""

import math
from collections.abc import Iterator
from typing import Any

from normlab.errors import Problem, SpecError
from normlab.spec.dataset_names import dataset_named
from normlab.spec.shown import shown


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
            yield Problem(pointer, f"should be a finite number, not {shown(value)}")
        case str() if any("\ud800" <= character <= "\udfff" for character in value):
            yield Problem(pointer, "should be text, and has half a character (a surrogate) in it")


def architecture_named(text: str) -> str | dict[str, str]:
    """What a spec has for a preset's name; ``resnet20:group`` is a preset with a normalization.

    >>> architecture_named("resnet20:group")
    {'preset': 'resnet20', 'normalization': 'group'}
    """
    preset, colon, normalization = text.partition(":")
    return {"preset": preset, "normalization": normalization} if colon else text


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


def put_dataset(spec: dict[str, Any], named: str | None) -> None:
    """Put in the dataset that is named in one word, if one is; what the spec says of the split stays."""
    if named is None:
        return
    given = as_object(spec.get("dataset"), "/dataset")
    split = {key: value for key, value in given.items() if key not in ("version", "content")}
    spec["dataset"] = split | dataset_named(named)
