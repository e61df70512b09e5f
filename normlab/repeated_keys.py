"""JSON objects in which a key stands twice: every parser keeps the last one and says nothing."""

import json
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

_MAX_LOOKED_AT = 10_000
"""Objects and lists, when a key's place is looked for."""


class RepeatedKeyError(ValueError):
    """A key stands twice in one object; ``path`` leads to it, by keys and places."""

    def __init__(self, path: tuple[str | int, ...]) -> None:
        self.path = path
        super().__init__("stands twice in this object: send it once")


def load_json(text: bytes | str) -> Any:
    """``json.loads``, which also raises :class:`RepeatedKeyError`."""
    repeated: list[tuple[dict[str, Any], str]] = []

    def to_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        item = dict(pairs)
        if len(item) != len(pairs):
            repeated.append((item, _twice(pairs)))
        return item

    document = json.loads(text, object_pairs_hook=to_dict)
    if repeated:
        # The last one that was noted is in the document: what could have taken its place would have been noted later.
        item, key = repeated[-1]
        raise RepeatedKeyError((*_path_to(item, document), key))
    return document


def _twice(pairs: list[tuple[str, Any]]) -> str:
    seen = set()
    for key, _ in pairs:
        if key in seen:
            return key
        seen.add(key)
    raise AssertionError("no key stands twice")


def _path_to(wanted: dict[str, Any], document: Any) -> tuple[str | int, ...]:
    """Where an object is in a document; empty if it is not among the first ``_MAX_LOOKED_AT``."""
    waiting: deque[tuple[Any, tuple[str | int, ...]]] = deque([(document, ())])
    for _ in range(_MAX_LOOKED_AT):
        item, path = waiting.popleft()
        if item is wanted:
            return path
        waiting += [(value, (*path, key)) for key, value in _children(item) if isinstance(value, dict | list)]
        if not waiting:
            break
    return ()


def _children(item: Any) -> Iterator[tuple[str | int, Any]]:
    yield from islice(item.items() if isinstance(item, dict) else enumerate(item), _MAX_LOOKED_AT)
