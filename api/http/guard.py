"""What holds for every request, before any route is looked for: one stack of layers around both lanes.

A layer takes the app behind it and the settings, and is an ASGI app. It refuses by raising; ``errors_as_answers`` makes
an answer of that. Who asks (keys), how much they may ask for (quotas) and what is counted (metrics) are layers, too:
metrics outermost, keys behind the names, quotas behind the keys.

Limits for headers and slow senders are the connection's (:mod:`.connection`): there no request has come about yet.
"""

import itertools
import re
import secrets
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.answers import ANSWERED, answer_error
from api.http.body_limit import body_limit
from api.http.cross_site import cross_site
from api.http.headers import REQUEST_ID, SECURITY_HEADERS, headers_of
from api.http.hosts import host_names
from api.http.root_path import root_path
from normlab.settings import Settings

Layer = Callable[[ASGIApp, Settings], ASGIApp]

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_IDENTITY = (b"", b"identity")


def answer_headers(app: ASGIApp, _settings: Settings) -> ASGIApp:
    """Every answer has the security headers, and the request's id: the client's own if it is a sane one."""
    prefix, numbers = secrets.token_hex(4).encode(), itertools.count(1)

    async def layer(scope: Scope, receive: Receive, send: Send) -> None:
        own = headers_of(scope).get(b"x-request-id")
        if own is None or not _SANE_ID.fullmatch(own):
            own = b"%b-%x" % (prefix, next(numbers))
        scope[REQUEST_ID] = own

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                present = {name for name, _ in headers}
                headers += [header for header in SECURITY_HEADERS if header[0] not in present]
                headers.append((b"x-request-id", own))
                message["headers"] = headers
            await send(message)

        await app(scope, receive, send_with_headers)

    return layer


def errors_as_answers(app: ASGIApp, _settings: Settings) -> ASGIApp:
    """What is raised further in becomes an answer in the form of the protocol that the path belongs to."""

    async def layer(scope: Scope, receive: Receive, send: Send) -> None:
        started = False
        answered: list[Exception] = []
        scope[ANSWERED] = answered

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await app(scope, receive, send_noting)
        except ClientDisconnect:
            return
        except Exception as error:
            if error in answered:
                return
            if started:
                raise
            await answer_error(scope, error)(scope, receive, send)
        finally:
            # An error leads to this request, and what was read of it, by its trace: only a garbage collection would end
            # that circle.
            answered.clear()

    return layer


def header_count(app: ASGIApp, settings: Settings) -> ASGIApp:
    """431 for more headers than a client has reason to send."""
    limit = settings.max_headers

    async def layer(scope: Scope, receive: Receive, send: Send) -> None:
        if len(scope["headers"]) > limit:
            raise HTTPException(431, f"the request has more than {limit} headers", {"Connection": "close"})
        await app(scope, receive, send)

    return layer


def plain_bodies(app: ASGIApp, _settings: Settings) -> ASGIApp:
    """415 for compressed bodies, which no route reads."""

    async def layer(scope: Scope, receive: Receive, send: Send) -> None:
        if headers_of(scope).get(b"content-encoding", b"").lower() not in _IDENTITY:
            raise HTTPException(
                415,
                "send the body as it is, without Content-Encoding: compressed bodies are not read here",
                {"Accept-Encoding": "identity"},
            )
        await app(scope, receive, send)

    return layer


def head_as_get(app: ASGIApp, _settings: Settings) -> ASGIApp:
    """``HEAD`` is answered like ``GET``, without the body."""

    async def layer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "HEAD":
            await app(scope, receive, send)
            return
        started = False

        async def send_head(message: Message) -> None:
            nonlocal started
            if not started:
                started = True
                await send(message)
                # The end is told at once: an event stream would never come to it by itself.
                await send({"type": "http.response.body"})

        await app({**scope, "method": "GET"}, receive, send_head)

    return layer


LAYERS: tuple[Layer, ...] = (
    root_path,
    answer_headers,
    errors_as_answers,
    header_count,
    host_names,
    cross_site,
    plain_bodies,
    body_limit,
    head_as_get,
)
"""From the outside in."""


def guarded(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The app behind all layers; only HTTP requests go through them."""
    inner = app
    for layer in reversed(LAYERS):
        inner = layer(inner, settings)

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        await (inner if scope["type"] == "http" else app)(scope, receive, send)

    return guard
