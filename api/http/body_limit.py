"""Bodies over the limit are refused while they stream in, before they fill the memory."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send


async def read_body(scope: Scope, receive: Receive, max_bytes: int) -> bytes:
    """The whole body, for routes that stand beside the middleware.

    Raises ``HTTPException`` 413 for more than ``max_bytes``, and ``ClientDisconnect``.
    """
    declared = header(scope, b"content-length")
    _refuse_above_limit(int(declared) if declared.isdigit() else 0, max_bytes)
    chunks, received, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        received += len(chunks[-1])
        _refuse_above_limit(received, max_bytes)
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def header(scope: Scope, name: bytes) -> bytes:
    """A header's first value, empty if it is not there; ``name`` in lower case, as ASGI has them."""
    for found, value in scope["headers"]:
        if found == name:
            return bytes(value)
    return b""


class BodyLimit:
    """ASGI middleware: reading more than ``max_bytes`` of a request's body raises 413 where it is read.

    FastAPI's own ``max_body_size`` answers in plain text; every error of this API is a problem document.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on with a ``receive`` that counts."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        received = int(declared) if declared.isdecimal() else 0
        if received <= self.max_bytes:
            received = 0

        async def receive_counting() -> Message:
            nonlocal received
            _refuse_above_limit(received, self.max_bytes)
            message = await receive()
            received += len(message.get("body", b""))
            _refuse_above_limit(received, self.max_bytes)
            return message

        await self.app(scope, receive_counting, send)


def _refuse_above_limit(received: int, max_bytes: int) -> None:
    if received > max_bytes:
        # The rest of the body is still on its way; closing the connection stops it.
        detail = f"the body is larger than the limit of {max_bytes} bytes"
        raise HTTPException(413, detail, headers={"Connection": "close"})
