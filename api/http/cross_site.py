"""Requests that a web page elsewhere has a browser send.

A browser sends a form, and a request without body such as a cancellation, to any service without asking it first. What
changes something is refused then. As in Go's ``net/http.CrossOriginProtection`` the browser's own word is taken
(``Sec-Fetch-Site``), and ``Origin`` from older ones; what is no browser sends neither.
"""

from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.types import Scope

from api.http.headers import headers_of
from normlab.settings import Settings

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_OWN = (b"same-origin", b"none")
"""From a page of the service itself, or from nowhere: typed, or by a bookmark."""


def cross_site(_settings: Settings) -> Callable[[Scope], None]:
    """Check of the guard: 403 for what a page elsewhere wants changed."""

    def check(scope: Scope) -> None:
        if scope["method"] not in _SAFE_METHODS and _is_foreign(scope):
            raise HTTPException(
                403, "a web page elsewhere may not ask for this: send it from a program or from here"
            )

    return check


def _is_foreign(scope: Scope) -> bool:
    headers = headers_of(scope)
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in _OWN
    origin = headers.get(b"origin")
    if origin is None:
        return False
    return origin.partition(b"://")[2].lower() != headers.get(b"host", b"").lower()
