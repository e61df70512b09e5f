"""Kinds of layers, optimizers and schedules by their names: each is one class, and a union lists them.

A field of the class (``type`` or ``name``) holds the name that a spec uses; the first line of its docstring
describes it. Everything else that Normlab has to know of a kind is a constant of its class.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BeforeValidator, Field

from normlab.spec.fields import SpecModel, one_of

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


def names_alone(kinds: Mapping[str, type[SpecModel]]) -> list[str]:
    """The kinds that need nothing but their name."""
    return [
        name
        for name, kind in kinds.items()
        if sum(field.is_required() for field in kind.model_fields.values()) == 1
    ]


def by_name(union: Any, kinds: Mapping[str, type[SpecModel]]) -> BeforeValidator:
    """Of a field that holds one of ``kinds``, the members of ``union``: a name is short for its defaults."""
    # A string is told to the JSON schema, too, which clients and editors check requests with.
    tagged = Annotated[union, Field(discriminator="name")]
    return BeforeValidator(_named, json_schema_input_type=one_of(names_alone(kinds)) | tagged)


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def description_of(kind: type[SpecModel]) -> str:
    """What a kind is, in a sentence or two: its docstring's first paragraph."""
    first, _, _ = (kind.__doc__ or "").strip().partition("\n\n")
    return " ".join(first.split())
