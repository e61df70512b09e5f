"""A request's headers by name, its id, and the headers that every answer has."""

from collections.abc import Mapping

from starlette.types import Scope

_HEADERS = "normlab.headers"
REQUEST_ID = "normlab.request_id"


POLICY = b"content-security-policy"
SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (POLICY, b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""On every answer, unless it has one of its own: nothing of it runs, is framed, or is read by a page elsewhere."""


def headers_of(scope: Scope) -> Mapping[bytes, bytes]:
    """The headers by their names in lower case; of one that was sent twice, the first."""
    headers: Mapping[bytes, bytes] | None = scope.get(_HEADERS)
    if headers is None:
        headers = scope[_HEADERS] = dict(reversed(scope["headers"]))
    return headers


def request_id(scope: Scope) -> str:
    """What the answer has as ``X-Request-ID`` and the log names."""
    given: bytes = scope.get(REQUEST_ID, b"-")
    return given.decode("ascii")
