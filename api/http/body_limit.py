"""Bodies over the limit are refused while they stream in, before they fill the memory."""

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from api.http.headers import headers_of
from api.http.root_path import route_path
from normlab.settings import Settings

PREDICTIONS = ("/predict", "/infer", ":predict")
"""How the paths end where images and numbers come in."""
DATASETS = "/datasets"
"""The path where datasets come in, which are not held in memory."""

_MAX_DIGITS = 18


class BodyLimit:
    """Part of the guard: how much of a body may come, by where it comes in."""

    def __init__(self, settings: Settings) -> None:
        self._max_body_bytes = settings.max_body_bytes
        self._max_prediction_bytes = settings.max_prediction_bytes
        self._max_dataset_bytes = settings.max_dataset_bytes

    def of(self, scope: Scope, receive: Receive) -> Receive:
        """What reads the body.

        Raises ``HTTPException`` 413 for one that says it is too large; reading does for one that says nothing.
        """
        max_bytes = self._of(scope)
        declared = headers_of(scope).get(b"content-length")
        if declared is None:
            return _counting(receive, max_bytes)
        if len(declared) > _MAX_DIGITS or not declared.isdigit() or int(declared) > max_bytes:
            raise _too_large(max_bytes)
        return receive  # the server reads no more of it than it has said

    def _of(self, scope: Scope) -> int:
        if scope["path"].endswith(PREDICTIONS):
            return self._max_prediction_bytes
        return self._max_dataset_bytes if route_path(scope) == DATASETS else self._max_body_bytes


def _counting(receive: Receive, max_bytes: int) -> Receive:
    received = 0

    async def receive_counting() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > max_bytes:
            raise _too_large(max_bytes)
        return message

    return receive_counting


def _too_large(max_bytes: int) -> HTTPException:
    # The rest of the body is still on its way; closing the connection stops it.
    return HTTPException(
        413, f"the body is larger than the limit of {max_bytes} bytes", {"Connection": "close"}
    )


async def read_body(receive: Receive) -> bytes:
    """The whole body. Raises ``ClientDisconnect``, and what the guard raises for too many bytes."""
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
