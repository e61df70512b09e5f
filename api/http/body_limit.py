"""Bodies over the limit are refused while they stream in, before they fill the memory."""

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.headers import headers_of
from normlab.settings import Settings

PREDICTIONS = ("/predict", "/infer", ":predict")
"""How the paths end where images and numbers come in."""

_MAX_DIGITS = 18


def body_limit(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Layer of the guard: 413 for a body that says it is too large, and where it is read for one that does not."""

    async def layer(scope: Scope, receive: Receive, send: Send) -> None:
        is_prediction = scope["path"].endswith(PREDICTIONS)
        max_bytes = settings.max_prediction_bytes if is_prediction else settings.max_body_bytes
        declared = headers_of(scope).get(b"content-length", b"")
        if len(declared) > _MAX_DIGITS or (declared.isdigit() and int(declared) > max_bytes):
            raise _too_large(max_bytes)
        received = 0

        async def receive_counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > max_bytes:
                raise _too_large(max_bytes)
            return message

        await app(scope, receive_counting, send)

    return layer


def _too_large(max_bytes: int) -> HTTPException:
    # The rest of the body is still on its way; closing the connection stops it.
    return HTTPException(
        413, f"the body is larger than the limit of {max_bytes} bytes", {"Connection": "close"}
    )


async def read_body(receive: Receive) -> bytes:
    """The whole body. Raises ``ClientDisconnect``, and what the guard's layer raises for too many bytes."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        whole: bytes = message.get("body", b"")
        return whole
    chunks = []
    while True:
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await receive()
