"""Lists that come in pages."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Protocol, TypeVar

Item_co = TypeVar("Item_co", covariant=True)
Parameters = Mapping[str, Any]


class Page(Protocol[Item_co]):
    """A page of a list."""

    @property
    def data(self) -> tuple[Item_co, ...]:
        """What is on it."""

    @property
    def next(self) -> str | None:
        """The cursor of the next page."""


def pages(fetch: Callable[[Parameters], Page[Item_co]], parameters: Parameters) -> Iterator[Item_co]:
    """Everything on all pages of a list; a page is fetched when it is needed. What is None is not sent."""
    given = {key: value for key, value in parameters.items() if value is not None}
    page = fetch(given)
    yield from page.data
    while page.next is not None:
        page = fetch({**given, "cursor": page.next})
        yield from page.data


def several(values: str | Collection[str] | None) -> list[str] | None:
    """One value or any number of them, as a query repeats them."""
    if values is None:
        return None
    return [values] if isinstance(values, str) else list(values)
