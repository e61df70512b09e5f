"""Live events of jobs and comparisons: Server-Sent Events (WHATWG HTML, section 9.2) that survive a lost connection."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from normlab.client.transport import Transport
from normlab.documents.events import EventKind
from normlab.errors import ServiceError

# The service sends a sign of life more often than this.
SILENCE_SECONDS = 60.0
# A service that is started anew is back within these tries: 0.1 + 0.2 + … + 2 + 2, about 13 s.
RECONNECTIONS = 10
LONGEST_PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class JobEvent:
    """One event."""

    id: str | None
    """Its number in the service's database, None for those that are not kept there."""
    kind: EventKind
    data: dict[str, Any]
    """``at``, the moment, and by kind, of a job: ``state`` and ``reason``; the fields of ``JobProgress``, of an
    ``EpochDocument`` or of a ``JobWarning``; of ``measured`` ``epoch``,
    ``step`` and the number of ``measurements``. Of a comparison: ``seeds``, ``jobs_made`` and ``jobs_reused`` of
    ``replicates``; ``arm``, ``seed``, ``job`` and ``state`` of ``job``; ``seed`` and ``complete`` of ``pair``.
    """


def follow(
    transport: Transport, path: str, *, last_event_id: str | None = None, deadline: float | None = None
) -> Iterator[JobEvent]:
    """Yield a job's events until its end, each once, also over connections that break.

    Args:
        transport: The service.
        path: The path of the job's events.
        last_event_id: Begin behind this event.
        deadline: A value of ``time.monotonic()``.

    Raises:
        ServiceError: The service refused, or did not come back.
        TimeoutError: The deadline has passed.
    """
    failures = 0
    while True:
        headers = {"Accept": "text/event-stream"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        try:
            with transport.stream(path, headers=headers, read_timeout=_patience(deadline)) as response:
                if response.status_code == httpx.codes.NO_CONTENT:  # all there is has been read before
                    yield JobEvent(None, EventKind.END, {})
                    return
                for event in parse(response.iter_lines()):
                    failures = 0
                    last_event_id = event.id or last_event_id
                    yield event
                    if event.kind is EventKind.END:
                        return
                    _patience(deadline)
            error: Exception = ServiceError(
                "The service ended the events before the job's end.", code="unreachable"
            )
        except httpx.TransportError as broken:
            error = transport.unreachable(broken)
        except ServiceError as refusal:
            if refusal.status is None or refusal.status < 500:
                raise
            error = refusal
        _patience(deadline)
        failures += 1
        if failures > RECONNECTIONS:
            raise error
        time.sleep(min(LONGEST_PAUSE_SECONDS, 0.1 * 2 ** (failures - 1)))


def parse(lines: Iterable[str]) -> Iterator[JobEvent]:
    """Turn the lines of an event stream into events. Events of an unknown kind are left out."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data" and "data" in fields:
                value = f"{fields['data']}\n{value}"
            fields[name] = value  # a comment, which has no name, does no harm here
        elif "data" in fields:
            kind = fields.get("event", "message")
            if kind in set(EventKind):
                yield JobEvent(fields.get("id"), EventKind(kind), json.loads(fields["data"]))
            fields = {}


def _patience(deadline: float | None) -> float:
    """How long the service may be silent now."""
    if deadline is None:
        return SILENCE_SECONDS
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("The job has not ended in the time given.")
    return min(SILENCE_SECONDS, left)
