"""What holds for every request, before any route is looked for: one guard around both lanes.

Its checks are plain functions, called one after the other: each looks at a request and raises to refuse it. Whatever is
raised, there or further in, becomes an answer in the form that the path's protocol prescribes. Who asks (keys) and how
much they may ask for (quotas) are further checks, behind the names; what is counted (metrics) belongs to ``Guard``.

Limits for headers and slow senders are the connection's (:mod:`.connection`): there no request has come about yet.
"""

import itertools
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.answers import ANSWERED, answer_error
from api.http.body_limit import BodyLimit
from api.http.cross_site import cross_site
from api.http.headers import POLICY, REQUEST_ID, SECURITY_HEADERS, headers_of
from api.http.hosts import host_names
from api.http.root_path import root_path
from normlab.settings import Settings

Check = Callable[[Scope], None]

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_IDENTITY = (b"", b"identity")


def header_count(settings: Settings) -> Check:
    """431 for more headers than a client has reason to send."""
    limit = settings.max_headers

    def check(scope: Scope) -> None:
        if len(scope["headers"]) > limit:
            raise HTTPException(431, f"the request has more than {limit} headers", {"Connection": "close"})

    return check


def plain_bodies(_settings: Settings) -> Check:
    """415 for compressed bodies, which no route reads."""

    def check(scope: Scope) -> None:
        encoding = headers_of(scope).get(b"content-encoding")
        if encoding is not None and encoding.lower() not in _IDENTITY:
            raise HTTPException(
                415,
                "send the body as it is, without Content-Encoding: compressed bodies are not read here",
                {"Accept-Encoding": "identity"},
            )

    return check


CHECKS: tuple[Callable[[Settings], Check], ...] = (
    root_path,
    header_count,
    host_names,
    cross_site,
    plain_bodies,
)
"""In the order in which they look at a request."""


class Guard:
    """ASGI: checks each HTTP request, and makes answers of errors.

    Every answer has the security headers, and the request's id: the client's own if it is a sane one.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._checks = [make(settings) for make in CHECKS]
        self._body_limit = BodyLimit(settings)
        self._prefix = secrets.token_hex(4).encode()
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, hand on, answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False
        answered: list[Exception] = []
        scope[ANSWERED] = answered
        request_id = scope[REQUEST_ID] = self._id_of(scope)

        def send_guarded(message: Message) -> Awaitable[None]:
            nonlocal started
            if not started:
                started = True
                message["headers"] = _with_own(message.get("headers", ()), request_id)
            return send(message)

        try:
            for check in self._checks:
                check(scope)
            receive = self._body_limit.of(scope, receive)
            if scope["method"] == "HEAD":
                await self._app({**scope, "method": "GET"}, receive, _without_body(send_guarded))
            else:
                await self._app(scope, receive, send_guarded)
        except ClientDisconnect:
            return
        except Exception as error:
            if error in answered:
                return
            if started:
                raise
            await answer_error(scope, error)(scope, receive, send_guarded)
        finally:
            # An error leads to this request, and what was read of it, by its trace: only a garbage collection would end
            # that circle.
            answered.clear()

    def _id_of(self, scope: Scope) -> bytes:
        given = headers_of(scope).get(b"x-request-id")
        if given is not None and _SANE_ID.fullmatch(given):
            return given
        return b"%b-%x" % (self._prefix, next(self._numbers))


def _with_own(headers: Iterable[tuple[bytes, bytes]], request_id: bytes) -> list[tuple[bytes, bytes]]:
    """An answer's headers and those that every answer has; a policy of its own counts."""
    present = list(headers)
    own = [*SECURITY_HEADERS, (b"x-request-id", request_id)]
    for name, _ in present:
        if name == POLICY:
            return [*present, *(header for header in own if header[0] != POLICY)]
    return present + own


def _without_body(send: Send) -> Send:
    """Of an answer to ``HEAD``. Its end is told at once: an event stream would never come to it by itself."""
    started = False

    async def send_head(message: Message) -> None:
        nonlocal started
        if not started:
            started = True
            await send(message)
            await send({"type": "http.response.body"})

    return send_head
