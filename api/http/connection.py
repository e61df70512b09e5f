"""One client's connection: limits for what uvicorn and its parser (httptools) take without any.

Both take headers of any length and wait for the rest of a request for ever, and what has come so far is kept. So do
answers that nobody fetches. Here a request line with its headers has a bound and must be complete in time; a body must
come on, and not too slowly; an answer must be taken. Whoever holds none of it is cut off, and its bytes are given back.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api.http.answers import answer_failure
from api.http.failures import http_failure
from api.http.headers import SECURITY_HEADERS
from normlab.settings import Settings

_WATCH_SECONDS = 1.0


@dataclass(frozen=True)
class ConnectionLimits:
    """What a client may do to a connection."""

    header_bytes: int
    """Of a request line with its headers."""
    header_seconds: float
    """From a connection's start, or a request's first byte, to the end of the headers."""
    stall_seconds: float
    """Within which something more of a body must come, or something of an answer be taken."""
    body_bytes_per_second: int
    """On the average of a body, after its first ``stall_seconds``."""

    @classmethod
    def of(cls, settings: Settings) -> "ConnectionLimits":
        """As an operator has set them."""
        return cls(
            header_bytes=settings.max_header_bytes,
            header_seconds=settings.header_seconds,
            stall_seconds=settings.stall_seconds,
            body_bytes_per_second=settings.min_body_bytes_per_second,
        )


class Connection(HttpToolsProtocol):
    """uvicorn's connection with limits. It costs a few additions for each request and a timer for each connection."""

    limits: ConnectionLimits

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.url = b""
        self._in_headers = True
        self._has_asked = False
        self._header_bytes = 0
        self._body_bytes = 0
        self._began = self._moved = self._taken = self.loop.time()
        self._unsent = 0
        shortest = min(self.limits.header_seconds, self.limits.stall_seconds)
        self._watch_seconds = min(_WATCH_SECONDS, shortest / 4)
        self._watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """The time for the first headers begins."""
        super().connection_made(transport)
        self._watch = self.loop.call_later(self._watch_seconds, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is to be watched any more."""
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the parser, headers only up to their limit."""
        self._moved = self.loop.time()
        if not self._in_headers:
            self._body_bytes += len(data)
            super().data_received(data)
            return
        if self._header_bytes == 0:
            self._began = self._moved
        left = self.limits.header_bytes - self._header_bytes
        self._header_bytes += len(data)
        if len(data) <= left:
            super().data_received(data)
            return
        super().data_received(data[:left])
        if self._in_headers and self._header_bytes:
            limit = self.limits.header_bytes
            self._refuse(431, f"the request line and headers are larger than the limit of {limit} bytes")
        elif not self.transport.is_closing():
            super().data_received(data[left:])

    def on_headers_complete(self) -> None:
        """A body comes next."""
        self._in_headers = False
        self._has_asked = True
        self._body_bytes = 0
        self._began = self._moved
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request comes next."""
        self._in_headers = True
        self._header_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What the parser does not understand, in our own form."""
        self._refuse(400, f"this is no HTTP request: {msg}")

    def _look(self) -> None:
        """Cut the client off if it has let its time pass."""
        if self.transport.is_closing():
            return
        now, limits = self.loop.time(), self.limits
        if self._stalls_answer(now):
            self.transport.abort()
            return
        if not self._in_headers:
            self._look_at_body(now)
        elif self._header_bytes:
            if now - self._began > limits.header_seconds and not self._is_answering():
                self._refuse(408, f"the headers were not complete after {limits.header_seconds:g} s")
        elif not self._has_asked and now - self._began > limits.header_seconds:
            self.transport.close()  # nothing has come; behind an answer the server's own time counts
        self._watch = self.loop.call_later(self._watch_seconds, self._look)

    def _stalls_answer(self, now: float) -> bool:
        unsent = self.transport.get_write_buffer_size()
        if unsent != self._unsent or not unsent:
            self._unsent, self._taken = unsent, now
        return now - self._taken > self.limits.stall_seconds

    def _look_at_body(self, now: float) -> None:
        if self.flow.read_paused:
            # It is we who do not read.
            self._moved = now
            self._began += self._watch_seconds
            return
        limits = self.limits
        due = limits.body_bytes_per_second * (now - self._began - limits.stall_seconds)
        if now - self._moved > limits.stall_seconds:
            self._refuse(408, f"nothing more of the body came for {limits.stall_seconds:g} s")
        elif self._body_bytes < due:
            self._refuse(
                408, f"the body comes more slowly than {limits.body_bytes_per_second} bytes in a second"
            )

    def _is_answering(self) -> bool:
        # A target that uvicorn cannot read (``CONNECT a:1``) ends the headers without a cycle.
        return self._has_asked and self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, status: int, detail: str) -> None:
        """Answer what never became a request, or never will be whole, and close."""
        if self.transport.is_closing():
            return
        if self._is_answering() and self.cycle.response_started:
            self.transport.abort()
            return
        path = self.url.partition(b"?")[0].decode("latin-1")
        answer = answer_failure(path, http_failure(status, detail, {"Connection": "close"}))
        lines = [b"%b: %b\r\n" % header for header in (*answer.raw_headers, *SECURITY_HEADERS)]
        self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", bytes(answer.body)]))
        self.transport.close()


def connection_type(settings: Settings) -> type[Connection]:
    """The class that uvicorn makes one of for each connection."""
    return type("LimitedConnection", (Connection,), {"limits": ConnectionLimits.of(settings)})
