"""How the tables of habits are read: in any spelling, the narrowest row first."""

from collections.abc import Mapping, Sequence

from normlab.spec.nearest import squashed


class Rows:
    """A table, found by names in any spelling."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self._index = {row_key(row): text for row, text in table.items()}

    def of(self, name: str, scopes: Sequence[str] = ("",)) -> str | None:
        """What the table says about a name in the first of the scopes in which it says something."""
        letters = squashed(name)
        return next(
            (self._index[scope, letters] for scope in scopes if (scope, letters) in self._index), None
        )


def row_key(row: str) -> tuple[str, str]:
    """A row's scope, empty for one that counts everywhere, and its name without its spelling.

    >>> row_key("rmsprop.Alpha")
    ('rmsprop', 'alpha')
    """
    scope, _, name = row.rpartition(".")
    return scope, squashed(name)
