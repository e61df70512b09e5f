"""What is said about a key that may not stand where it stands: what it is called here, or where it belongs."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from normlab.spec.mistakes.key_habits import RENAMED, UNSUPPORTED, WRITTEN_OTHERWISE
from normlab.spec.mistakes.places import Location, Part, Place, option_names, places_of
from normlab.spec.mistakes.rows import Rows
from normlab.spec.mistakes.samples import samples
from normlab.spec.mistakes.wrong import is_number
from normlab.spec.nearest import nearest, respelled, squashed
from normlab.spec.shown import listed, quoted, shown

_RENAMED, _UNSUPPORTED, _WRITTEN_OTHERWISE = Rows(RENAMED), Rows(UNSUPPORTED), Rows(WRITTEN_OTHERWISE)
_FRACTIONS = {squashed(name) for name in ("validation_split", "val_split", "validation_fraction", "val_size")}
_WHOLES = {"JobSpec": "job", "ComparisonRequest": "comparison"}
"""The requests that the tables are about, and what the tables call them."""
_MAX_VALUE_CHARACTERS = 40
"""A longer value is not repeated in what would be right."""


@dataclass(frozen=True)
class Finding:
    """A sentence, and the ways to the keys that were meant, if any were."""

    sentence: str
    meant: tuple[tuple[Part, ...], ...] = ()


def unknown_key(root: type[BaseModel] | None, location: Location, value: object, body: object) -> Finding:
    """The key at the end of ``location`` is none of its place's."""
    place, key = location.place, str(location.parts[-1])
    if root is None or place is None:
        return Finding("is not known here: leave it out")
    if squashed(key) in _FRACTIONS and is_number(value):
        return Finding(f"is a number of samples here: {samples(value, body)}")
    unknown = _Unknown(root, place, location.parts[:-1], key, value, body)
    return (
        unknown.by_habit(scoped=True)
        or unknown.respelled_here()
        or unknown.respelled_elsewhere()
        or unknown.by_habit(scoped=False)
        or unknown.nearest_here()
        or unknown.nearest_elsewhere()
        or Finding(f"is not known here; what can stand here is {listed(place.keys)}")
    )


def scopes(place: Place, root: type[BaseModel]) -> list[str]:
    """The names that a row may begin with to be about a place, the narrowest first."""
    return [name for name in (place.kind, place.name or _WHOLES.get(root.__name__)) if name]


@dataclass(frozen=True)
class _Unknown:
    root: type[BaseModel]
    place: Place
    way: tuple[Part, ...]
    """The way through the body to the place."""
    key: str
    value: object
    body: object

    def by_habit(self, *, scoped: bool) -> Finding | None:
        if self.root.__name__ not in _WHOLES:
            return None
        prefixes = scopes(self.place, self.root) if scoped else [""]
        if (sentence := _WRITTEN_OTHERWISE.of(self.key, prefixes)) is not None:
            inside = self.value if isinstance(self.value, dict) else ()
            return Finding(sentence, tuple((*self.way, key) for key in self.place.keys if key in inside))
        if (instead := _UNSUPPORTED.of(self.key, prefixes)) is not None:
            return Finding(f"is not supported: {instead}")
        if (here := _RENAMED.of(self.key, prefixes)) is None:
            return None
        if here in self.place.keys:
            return self._here(here, f"is called {quoted(here)} here")
        names = option_names(self.root)
        return self._elsewhere(here if here in names else None, "is called {} here and belongs")

    def respelled_here(self) -> Finding | None:
        return self._meant(respelled(self.key, self.place.keys))

    def nearest_here(self) -> Finding | None:
        return self._meant(nearest(self.key, self.place.keys))

    def _meant(self, here: str | None) -> Finding | None:
        return None if here is None else self._here(here, f"is not known here: did you mean {quoted(here)}?")

    def _here(self, key: str, sentence: str) -> Finding:
        return Finding(sentence, ((*self.way, key),))

    def respelled_elsewhere(self) -> Finding | None:
        return self._elsewhere(respelled(self.key, option_names(self.root)), "is called {} here and belongs")

    def nearest_elsewhere(self) -> Finding | None:
        name = nearest(self.key, option_names(self.root))
        return self._elsewhere(name, "is not known here: did you mean {}? It belongs")

    def _elsewhere(self, key: str | None, called: str = "") -> Finding | None:
        """The key, which is called otherwise here, stands at another place: the nearest counts."""
        if key is None:
            return None
        places = [place for place in places_of(self.root) if key in place.options]
        # Of two that are as near, what is always there counts before what one of several kinds has.
        path = min(places, key=lambda place: (self._distance(place.path), place.kind is not None)).path
        places = [place for place in places if place.path == path]
        belongs = "belongs" if key == self.key else called.format(quoted(key))
        given = self._kind_in_body(path, places[0].tag)
        kinds = [place.kind for place in places if place.kind is not None]
        if given is not None and given not in kinds and given in _kinds_at(self.root, path):
            return Finding(
                f"{belongs} to {listed(kinds)}, not to {given}{_own_options(self.root, path, given)}"
            )
        target = next((place for place in places if place.kind == given), places[0])
        return Finding(f"{belongs} {self._where(target, key)}", ((*self._way_to(path), key),))

    def _way_to(self, path: tuple[str, ...]) -> tuple[Part, ...]:
        """The way through the body to a place, by the number of the list's item in which this one is."""
        common = len(self.place.path)
        return (*self.way, *path[common:]) if path[:common] == self.place.path else path

    def _distance(self, path: tuple[str, ...]) -> tuple[int, int]:
        """How many levels up, and then down."""
        common = 0
        for ours, theirs in zip(self.place.path, path, strict=False):
            if ours != theirs:
                break
            common += 1
        return len(self.place.path) - common, len(path) - common

    def _kind_in_body(self, path: tuple[str, ...], tag: str | None) -> str | None:
        """The kind that the body has chosen at a place."""
        if tag is None:
            return None
        if path == self.place.path and self.place.kind is not None:
            return self.place.kind
        given: Any = self.body
        for key in path:
            given = given.get(key) if isinstance(given, dict) else None
        kind = given.get(tag) if isinstance(given, dict) else given
        return kind if isinstance(kind, str) else None

    def _where(self, target: Place, key: str) -> str:
        if not target.path:
            return f"at the top, beside {quoted(self.place.path[0])}"
        if target.name == "layers":
            return f'to a layer: {{"type": {quoted(target.kind or "")}, {quoted(key)}: {self._value()}, …}}'
        way, where = target.path, quoted(target.name)
        if way[: len(self.place.path)] == self.place.path:
            way = way[len(self.place.path) :]
        if way[:1] == ("arms",):
            way, where = way[1:], "each arm"
        inner = f"{quoted(key)}: {self._value()}"
        if target.kind is not None:
            inner = f"{quoted(target.tag or '')}: {quoted(target.kind)}, {inner}"
        for outer in reversed(way):
            inner = f"{quoted(outer)}: {{{inner}}}"
        return f"in {where}: write {inner}"

    def _value(self) -> str:
        text = shown(self.value)
        return "…" if len(text) > _MAX_VALUE_CHARACTERS or text.startswith("a list of") else text


def _own_options(root: type[BaseModel], path: tuple[str, ...], kind: str) -> str:
    """What one kind has and the other kinds at its place have not, in words."""
    options = {place.kind: place.options for place in places_of(root) if place.path == path}
    common = set.intersection(*map(set, options.values()))
    own = [name for name in options[kind] if name not in common]
    return f", which has {listed(own)}" if own else ""


def _kinds_at(root: type[BaseModel], path: tuple[str, ...]) -> set[str | None]:
    return {place.kind for place in places_of(root) if place.path == path}
