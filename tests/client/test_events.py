import socket
import threading
from collections.abc import Iterator

import pytest

from normlab.client import Client, JobEvent
from normlab.client.events import parse
from normlab.documents.events import EventKind
from normlab.documents.jobs import JobDocument
from normlab.errors import ServiceError

pytestmark = pytest.mark.xdist_group("service")


class CuttingProxy:
    """Forwards to a service, but cuts each connection after some bytes of its answer."""

    def __init__(self, target: tuple[str, int], answer_bytes: int) -> None:
        self._target = target
        self._answer_bytes = answer_bytes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.connections = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection, socket.create_connection(self._target) as service:
                request = connection.recv(65536)
                if not request:  # close() has knocked
                    return
                self.connections += 1
                service.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
                left = self._answer_bytes
                while left > 0 and (block := service.recv(min(left, 4096))):
                    connection.sendall(block)
                    left -= len(block)

    def close(self) -> None:
        with socket.create_connection(self._listener.getsockname()):
            pass
        self._thread.join()
        self._listener.close()


@pytest.fixture
def cutting_proxy(client: Client) -> Iterator[CuttingProxy]:
    host, _, port = client.base_url.removeprefix("http://").partition(":")
    proxy = CuttingProxy((host, int(port)), answer_bytes=1500)
    yield proxy
    proxy.close()


def test_events_come_in_order_and_end(client: Client, trained: tuple[JobDocument, JobDocument]) -> None:
    events = list(client.events(trained[0].id))
    assert [event.data["state"] for event in events if event.kind is EventKind.STATE] == [
        "queued",
        "running",
        "succeeded",
    ]
    assert [event.data["epoch"] for event in events if event.kind is EventKind.EPOCH] == [1, 2, 3]
    assert events[-1].kind is EventKind.END
    numbers = [int(event.id) for event in events[:-1]]
    assert numbers == sorted(set(numbers))  # some are missing: a job keeps its last measurements' event only
    assert list(client.events(trained[0].id, last_event_id=events[2].id)) == events[3:]


def test_connections_that_break_lose_and_repeat_nothing(
    client: Client, trained: tuple[JobDocument, JobDocument], cutting_proxy: CuttingProxy
) -> None:
    with Client(cutting_proxy.url) as flaky:
        *events, end = flaky.events(trained[0].id)
    assert events == list(client.events(trained[0].id))[:-1]
    assert end.kind is EventKind.END  # without data if the last connection broke just before it
    assert cutting_proxy.connections > 1


def test_a_job_that_is_not_there_is_not_asked_for_again(client: Client) -> None:
    with pytest.raises(ServiceError, match="there is no job 'job_0'"):
        next(client.events("job_0"))


def test_a_service_that_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("normlab.client.events.RECONNECTIONS", 2)
    with (
        Client("http://127.0.0.1:1") as client,
        pytest.raises(ServiceError, match="No Normlab service answers"),
    ):
        next(client.events("job_0"))


def test_the_stream_format() -> None:
    text = (
        ": a sign of life\n\n"
        'event: state\nid: 7\ndata: {"state":\ndata:  "running"}\n\n'
        "event: of the future\nid: 8\ndata: {}\n\n"
        "retry: 10\n\n"
        "data: {}\nevent: end\n\n"
        'event: state\nid: 9\ndata: {"cut": '
    )
    assert list(parse(text.splitlines())) == [
        JobEvent("7", EventKind.STATE, {"state": "running"}),
        JobEvent(None, EventKind.END, {}),
    ]
