"""What a connection takes before there is a request: bytes and time."""

import gc
import inspect
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest
from uvicorn.protocols.http import httptools_impl

from api.app import create_app
from api.http.connection import Connection
from api.http.server import server_of
from normlab.settings import Settings
from support.serving import serving

pytestmark = pytest.mark.xdist_group(__name__)  # one process makes what all tests here share

SECONDS = 0.4


@pytest.fixture(scope="module")
def impatient(tmp_path_factory, redis_server) -> Iterator[httpx.Client]:
    """A service that waits no longer than ``SECONDS``."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("impatient"),
        broker_url=redis_server.broker_url,
        header_seconds=SECONDS,
        stall_seconds=SECONDS,
        min_body_bytes_per_second=100_000,
        max_header_bytes=4096,
    )
    with serving(settings) as http:
        yield http


def connect(http: httpx.Client) -> socket.socket:
    return socket.create_connection((http.base_url.host, http.base_url.port), timeout=20)


def read(connection: socket.socket) -> bytes:
    """Everything until the service closes; nothing more of an answer may come than it says."""
    chunks = []
    try:
        while chunk := connection.recv(65536):
            chunks.append(chunk)
    except ConnectionResetError:
        pass
    return b"".join(chunks)


HEAD = b"POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("sent", "status", "sentence"),
    [
        (b"", None, b""),
        (b"GET /hea", b"408", b"the headers were not complete"),
        (HEAD, b"408", b"the headers were not complete"),
        (HEAD + b"Content-Length: 100\r\n\r\n", b"408", b"nothing more of the body came"),
        (HEAD + b"Content-Length: 100\r\n\r\n{", b"408", b"nothing more of the body came"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{", b"408", b"nothing more of the body came"),
        (b"POST /v2/models/x/infer HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 9\r\n\r\n", b"408", b'{"error":"nothing'),
    ],
)  # fmt: skip
def test_a_client_that_sends_nothing_more_is_cut_off(impatient, sent, status, sentence):
    with connect(impatient) as connection:
        connection.sendall(sent)
        answer = read(connection)
    if status is None:
        assert answer == b""
    else:
        assert answer.startswith(b"HTTP/1.1 " + status)
        assert sentence in answer
        assert b"connection: close" in answer
        assert b"x-content-type-options: nosniff" in answer


@pytest.mark.parametrize("target", [b"CONNECT a:1", b"CONNECT localhost:80", b"OPTIONS a:b", b"GET http://"])
@pytest.mark.parametrize("before", [b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_a_target_that_cannot_be_read_is_answered(impatient, before, target):
    with connect(impatient) as connection:
        connection.sendall(before + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = read(connection)
    assert b"HTTP/1.1 400 Bad Request" in answer
    assert b"this is no HTTP request" in answer


def test_bytes_that_trickle_do_not_lengthen_the_time(impatient):
    for head, more in ((b"GET / HTTP/1.1\r\n", b"X: y\r\n"), (HEAD + b"Content-Length: 9999\r\n\r\n", b"{")):
        with connect(impatient) as connection:
            connection.sendall(head)
            connection.settimeout(SECONDS / 8)
            began, answer = time.monotonic(), b""
            while not answer:
                assert time.monotonic() - began < 30
                try:
                    connection.sendall(more)
                    answer = connection.recv(65536)
                except TimeoutError:
                    continue
                except (ConnectionResetError, BrokenPipeError):
                    pytest.fail("closed without an answer")
            assert answer.startswith(b"HTTP/1.1 408")


def test_an_answer_that_nobody_takes_is_given_up(impatient):
    with connect(impatient) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # More answers than fit into both kernels' buffers.
        with pytest.raises((ConnectionResetError, BrokenPipeError, TimeoutError)):  # noqa: PT012 - until it is cut off
            connection.settimeout(15)
            for _ in range(2000):
                connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
                time.sleep(0.01)


def test_a_connection_that_is_used_stays(impatient):
    with connect(impatient) as connection:
        for _ in range(2):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            time.sleep(SECONDS * 2)  # between two requests the server's own keep-alive counts


def test_pipelined_requests_are_each_answered(impatient):
    with connect(impatient) as connection:
        request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
        connection.sendall((request + b"\r\n") * 99 + request + b"Connection: close\r\n\r\n")
        assert read(connection).count(b"HTTP/1.1 200") == 100


@pytest.mark.parametrize(
    "headers",
    [
        b"X: " + b"a" * 10**6,
        b"a: b\r\n" * 200_000,
        b"a" * 10**6,
    ],
)
def test_headers_over_the_limit_are_refused(impatient, headers):
    with connect(impatient) as connection:
        with suppress(ConnectionResetError, BrokenPipeError):
            connection.sendall(b"GET /v2 HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n\r\n")
        answer = read(connection)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431")


def test_headers_just_over_the_limit_say_so(impatient):
    def ask(size: int) -> httpx.Response:
        return impatient.get("/v2", headers={"X": "a" * size})

    assert ask(3000).status_code == 200
    response = ask(4096)
    assert response.status_code == 431
    assert "larger than the limit of 4096 bytes" in response.json()["error"]
    assert impatient.get(f"/jobs?name={'a' * 5000}").json()["code"] == "headers_too_large"


def test_what_is_no_http_is_told_as_a_problem(impatient):
    with connect(impatient) as connection:
        connection.sendall(b"HELLO\r\n\r\n")
        answer = read(connection)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in answer


def test_the_bytes_of_many_clients_are_given_back(impatient):
    """200 clients that send nothing more; what was read of them goes at once, and not with a garbage collection."""
    gc.collect()
    gc.disable()
    try:
        with ExitStack() as stack:
            connections = []
            for _ in range(200):
                connection = stack.enter_context(connect(impatient))
                connections.append(connection)
                connection.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n" + b" " * 100_000)
            for connection in connections:
                assert read(connection).startswith(b"HTTP/1.1 408")
        deadline = time.monotonic() + 20
        while (held := requests_in_memory()) > 20:
            assert time.monotonic() < deadline, f"{held} requests are still held"
            time.sleep(0.05)
    finally:
        gc.enable()


def requests_in_memory() -> int:
    return sum(type(item) is httptools_impl.RequestResponseCycle for item in gc.get_objects())


def test_uvicorn_is_as_the_connection_expects_it(tmp_path):
    """If this fails, uvicorn has moved: look at api/http/connection.py again."""
    settings = Settings(data_dir=tmp_path)
    config = server_of(create_app(settings), settings).config
    config.load()
    assert issubclass(config.http_protocol_class, Connection)
    base = httptools_impl.HttpToolsProtocol
    for name, parameters in {
        "connection_made": ["self", "transport"],
        "connection_lost": ["self", "exc"],
        "data_received": ["self", "data"],
        "on_headers_complete": ["self"],
        "on_message_complete": ["self"],
        "send_400_response": ["self", "msg"],
    }.items():
        assert list(inspect.signature(getattr(base, name)).parameters) == parameters
    source = inspect.getsource(httptools_impl)
    for attribute in (
        "self.cycle",
        "self.flow",
        "self.transport",
        "self.url",
        "read_paused",
        "response_started",
    ):
        assert attribute in source or attribute in inspect.getsource(httptools_impl.FlowControl)
    assert httptools_impl.STATUS_LINE[431].startswith(b"HTTP/1.1 431 ")
