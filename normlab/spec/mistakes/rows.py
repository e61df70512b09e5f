"""How the tables of habits are read: in any spelling, the narrowest row first."""

from collections.abc import Mapping, Sequence

from normlab.spec.nearest import squashed

_indexes: dict[int, dict[tuple[str, str], str]] = {}
"""By the identity of a table; all tables are constants."""


def row_of(table: Mapping[str, str], name: str, scopes: Sequence[str] = ("",)) -> str | None:
    """What a table says about a name in the first of the scopes in which it says something."""
    index = _indexes.get(id(table))
    if index is None:
        index = _indexes[id(table)] = {row_key(row): text for row, text in table.items()}
    return next((index[scope, squashed(name)] for scope in scopes if (scope, squashed(name)) in index), None)


def row_key(row: str) -> tuple[str, str]:
    """A row's scope, empty for one that counts everywhere, and its name without its spelling.

    >>> row_key("rmsprop.Alpha")
    ('rmsprop', 'alpha')
    """
    scope, _, name = row.rpartition(".")
    return scope, squashed(name)
