"""Kinds of layers, optimizers and schedules by their names: each is one class, and a union lists them.

A field of the class (``type`` or ``name``) holds the name that a spec uses; the first line of its docstring
describes it. Everything else that Normlab has to know of a kind is a constant of its class.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from normlab.spec.fields import SpecModel

_MAX_CHARACTERS = 100
"""More than any name has."""

Kind = TypeVar("Kind", bound=SpecModel)


def kinds_of(union: Any, tag: str, base: type[Kind]) -> dict[str, type[Kind]]:
    """The members of a union of subclasses of ``base``, by the name in their field ``tag``.

    Raises ``TypeError`` when two members have one name.
    """
    kinds: dict[str, type[Kind]] = {}
    for member in get_args(union):
        (name,) = get_args(member.model_fields[tag].annotation)
        if name in kinds:
            raise TypeError(f"{member.__name__} cannot be the {base.__name__} {name!r}: there is one already")
        kinds[name] = member
    return kinds


def description_of(kind: type[SpecModel]) -> str:
    """What a kind is, in a sentence or two: its docstring's first paragraph."""
    first, _, _ = (kind.__doc__ or "").strip().partition("\n\n")
    return " ".join(first.split())


def short(name: str) -> str:
    """A name that somebody sent, cut where it is longer than names are."""
    return name if len(name) <= _MAX_CHARACTERS else f"{name[: _MAX_CHARACTERS - 1]}…"


def closest(name: str, names: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` when one of ``names`` is close to ``name``, else nothing.

    >>> closest("adm", ["sgd", "adam"])
    " (did you mean 'adam'?)"
    """
    matches = get_close_matches(short(name), list(names), n=1)
    return f" (did you mean {matches[0]!r}?)" if matches else ""
