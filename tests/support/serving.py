"""The API on a real server, within the test's process."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.http.server import server_of
from normlab.settings import Settings


@contextmanager
def serving(settings: Settings) -> Iterator[httpx.Client]:
    """The app on an ephemeral port, in a thread of its own."""
    with serving_app(create_app(settings), settings) as http:
        yield http


@contextmanager
def serving_app(app: FastAPI, settings: Settings) -> Iterator[httpx.Client]:
    """The same with an app that the caller knows."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = server_of(app, settings, log_level="error")
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="api")
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=30) as http:
            while not server.started:
                assert thread.is_alive(), "the server did not start"
                time.sleep(0.005)
            yield http
    finally:
        server.should_exit = True
        thread.join()
