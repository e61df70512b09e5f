"""What the kinds of layers, optimizers and schedules take, in words: for documentation and the command line."""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from textwrap import dedent
from typing import Any

import orjson
from pydantic import BaseModel

from normlab.spec.fields import INTEGER_MAX, SpecModel


@dataclass(frozen=True)
class Option:
    """One field of a part of a spec, as people read it."""

    name: str
    values: str
    """Which values it takes, in words."""
    default: str | None
    """As JSON; None for a field that has to be given."""
    meaning: str
    """Empty where the name says all."""


def options(kind: type[BaseModel]) -> list[Option]:
    """The fields of a part of a spec, those that have to be given first, without the field that names the kind."""
    schema, meanings = kind.model_json_schema(), field_meanings(kind)
    definitions = schema.get("$defs", {})
    if "$ref" in schema:  # of a kind that may stand in itself
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    required = schema.get("required", ())
    listed = [
        Option(
            name=name,
            values=_values(field, definitions),
            default=None if name in required else _json(field.get("default")),
            meaning=meanings.get(name, ""),
        )
        for name, field in schema["properties"].items()
        if "const" not in field
    ]
    return sorted(listed, key=lambda option: option.default is not None)


def field_meanings(kind: type[BaseModel]) -> dict[str, str]:
    """The docstrings below the fields of a model and of its bases, each in one line, by the field's name.

    They are read from the source when somebody asks, since pydantic's own way (``use_attribute_docstrings``) reads it
    at every start.
    """
    meanings: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if issubclass(base, BaseModel) and base.__module__.startswith("normlab."):
            meanings |= _own_meanings(base)
    return meanings


@cache
def _own_meanings(model: type[BaseModel]) -> dict[str, str]:
    """The same without those of its bases."""
    (definition,) = ast.parse(dedent(inspect.getsource(model))).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101 - it is the source of a class
    meanings: dict[str, str] = {}
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(value=ast.Constant(str(text))):
                meanings[name] = " ".join(text.split()).replace("``", "`")
    return meanings


def _values(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    """The values that a field's JSON schema allows, in words."""
    if "$ref" in field:
        return _values(definitions[field["$ref"].rpartition("/")[2]], definitions)
    if tag := field.get("discriminator"):
        kinds = f"{{{_json(tag['propertyName'])}: {', '.join(map(_json, tag['mapping']))}; …}}"
        return str(field.get("description", kinds))
    if alternatives := field.get("anyOf") or field.get("oneOf"):
        if pair := next((each for each in alternatives if "prefixItems" in each), None):
            alternatives = [
                pair,
                *(each for each in alternatives if each.get("type") != "integer" and each != pair),
            ]
        words = dict.fromkeys(_values(each, definitions) for each in alternatives)
        return " or ".join(_without_repeated_names(list(words), alternatives))
    if names := field.get("enum") or ([field["const"]] if "const" in field else []):
        return ", ".join(map(_json, names))
    match field.get("type"):
        case "integer":
            return f"whole number{_range(field)}"
        case "number":
            return f"number{_range(field)}"
        case "array":
            return _array(field, definitions)
        case "object":
            return _object(field.get("properties", field.get("patternProperties", {})), definitions)
        case "boolean":
            return "true, false"
        case "string":
            return "its name"
        case kind:
            return str(kind)


def _without_repeated_names(words: list[str], alternatives: list[dict[str, Any]]) -> list[str]:
    """Names that are short for objects of a name are not listed twice."""
    names = next((set(each["enum"]) for each in alternatives if "enum" in each), None)
    return [
        f"{{{_json(tag['propertyName'])}: …, …}}"
        if (tag := each.get("discriminator")) and set(tag["mapping"]) == names
        else text
        for text, each in zip(words, alternatives, strict=False)
    ]


def _object(properties: dict[str, Any], definitions: dict[str, Any]) -> str:
    if len(properties) == 1:
        ((name, value),) = properties.items()
        written = '"…"' if name.startswith("^") else _json(name)  # a pattern of names
        return f"{{{written}: {_values(value, definitions)}}}"
    return f"{{{', '.join(map(_json, properties))}}}"


def _array(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    if items := field.get("prefixItems"):
        return f"[{', '.join(_values(item, definitions) for item in items)}], or one for all"
    return f"list of: {_values(field['items'], definitions)}"


def _range(field: dict[str, Any]) -> str:
    """The bounds of a number in words, with a space before them; not those that all whole numbers have."""
    field = {name: value for name, value in field.items() if value not in (INTEGER_MAX, -INTEGER_MAX)}
    low = " above {exclusiveMinimum}" if "exclusiveMinimum" in field else " from {minimum}"
    high = " below {exclusiveMaximum}" if "exclusiveMaximum" in field else " to {maximum}"
    has_low = "exclusiveMinimum" in field or "minimum" in field
    has_high = "exclusiveMaximum" in field or "maximum" in field
    bounds = {name: f"{value:,}" for name, value in field.items() if name.endswith("imum")}
    return ((low if has_low else "") + (high if has_high else "")).format_map(bounds)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def describe_fields(schemas: dict[str, Any]) -> None:
    """Put the fields' meanings into the JSON schemas of parts of a spec, which are found by their class's name."""
    for kind in _subclasses(SpecModel):
        properties = schemas.get(kind.__name__, {}).get("properties", {})
        for name, meaning in field_meanings(kind).items() if properties else ():
            if name in properties:
                properties[name].setdefault("description", meaning)


def _subclasses(kind: type[SpecModel]) -> Iterator[type[SpecModel]]:
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)
