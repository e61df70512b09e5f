"""Where which key may stand: the objects that a request is made of, found in its pydantic models."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from normlab.spec.blocks import Block

Part = str | int


@dataclass(frozen=True)
class Holds:
    """Says of a field of any object, as ``Annotated`` metadata, which model it is validated with later."""

    model: type[BaseModel]


class WrittenByTheService:
    """Says of a field, as ``Annotated`` metadata, that nobody is to write into it: no key of its object is proposed."""


@dataclass(frozen=True)
class Place:
    """An object of a request: what it is, and how one gets there from the whole."""

    model: type[BaseModel]
    path: tuple[str, ...]
    """The keys that lead to it; those of a list lead to each of its items. What stands in a block has the path of the
    block: the same layers and blocks may stand there."""

    @property
    def name(self) -> str:
        """What it is: its key, such as ``optimizer``; ``layers`` for each of them; ``""`` for the whole."""
        return self.path[-1] if self.path else ""

    @property
    def kind(self) -> str | None:
        """Of a layer, an optimizer or a schedule: its name."""
        return tag_of(self.model)[1]

    @property
    def tag(self) -> str | None:
        """The key that says which kind it is."""
        return tag_of(self.model)[0]

    @property
    def keys(self) -> list[str]:
        """The keys that may stand here."""
        return list(self.model.model_fields)

    @property
    def options(self) -> list[str]:
        """The same without the one that says which kind it is."""
        return [key for key in self.keys if key != self.tag]


@cache
def tag_of(model: type[BaseModel]) -> tuple[str | None, str | None]:
    """The field that says of which kind an object is, and what it says."""
    for name in ("type", "name"):
        field = model.model_fields.get(name)
        if field is not None and get_origin(field.annotation) is Literal:
            return name, get_args(field.annotation)[0]
    return None, None


@cache
def places_of(root: type[BaseModel]) -> tuple[Place, ...]:
    """Every object that can be in a request, the whole first."""
    return tuple(_below(Place(root, ())))


@cache
def option_names(root: type[BaseModel]) -> tuple[str, ...]:
    """The keys of all objects that can be in a request, each once."""
    return tuple(dict.fromkeys(key for place in places_of(root) for key in place.options))


def _below(place: Place) -> Iterator[Place]:
    yield place
    for key in () if issubclass(place.model, Block) else place.keys:
        if WrittenByTheService in place.model.model_fields[key].metadata:
            continue
        for model in models_of(place.model, key):
            yield from _below(Place(model, (*place.path, key)))


def models_of(model: type[BaseModel], key: str) -> list[type[BaseModel]]:
    """What kinds of object can stand behind a key, or in a list behind it."""
    field = model.model_fields.get(key)
    if field is None:
        return []
    held = [item.model for item in field.metadata if isinstance(item, Holds)]
    return held or list(_models_in(field.annotation))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is not Literal:
        for argument in get_args(annotation):
            yield from _models_in(argument)


@dataclass(frozen=True)
class Location:
    """Where pydantic found something: its ``loc`` without the names of kinds, which are not in the body."""

    place: Place | None
    """The object in which the last part stands; None if it is in none that is known."""
    parts: tuple[Part, ...]
    """The way through the body."""


def locate(root: type[BaseModel] | None, loc: Sequence[Part]) -> Location:
    """Follow one of pydantic's locations."""
    place = None if root is None else Place(root, ())
    candidates: list[type[BaseModel]] = []  # of the place that is being entered
    parts: list[Part] = []
    path: tuple[str, ...] = ()
    for index, part in enumerate(loc):
        if isinstance(part, int):
            parts.append(part)
            continue
        chosen = next((model for model in candidates if tag_of(model)[1] == part), None)
        if chosen is not None:
            place, candidates = Place(chosen, path), []
            continue
        parts.append(part)
        if index == len(loc) - 1:
            break
        if len(candidates) == 1:
            place = Place(candidates[0], path)
        if place is None or not issubclass(place.model, Block):
            path = (*path, part)
        candidates = [] if place is None else models_of(place.model, part)
        if not candidates:
            place = None
        elif len(candidates) == 1:
            place, candidates = Place(candidates[0], path), []
    return Location(place, tuple(parts))
