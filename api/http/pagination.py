"""Lists in pages: how long a page is, and where the next one is."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query

from api.http.root_path import address

MAX_PAGE = 200
"""The most that a page holds."""

DEFAULT_PAGE = 50

PageLimit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="The most that the page is to hold.")]


def link_header(path: str, query: Mapping[str, Any], cursor: str | None) -> dict[str, str]:
    """The header ``Link`` (RFC 8288) to the page that ``cursor`` begins, with the filters of this one."""
    if cursor is None:
        return {}
    given = {key: value for key, value in query.items() if value is not None}
    return {"Link": f'<{address(path)}?{urlencode({**given, "cursor": cursor}, doseq=True)}>; rel="next"'}
