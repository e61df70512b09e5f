"""``normlab-api --host --port``: the HTTP service in this process, until SIGTERM or Ctrl-C."""

import argparse
import ctypes
import gc
import logging
import socket
import sys
from contextlib import suppress

from api.app import create_app
from api.http.hosts import names_of_listener
from api.http.server import server_of
from normlab.errors import SetupError
from normlab.settings import Settings
from normlab.store import artifact_store, urls

# Of mallopt(3).
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_MMAP_BYTES = 512 * 1024
_KEPT_BYTES = 8 * 2**20
_SWITCH_SECONDS = 0.0005
"""After so long Python's threads let each other go on. A request passes from thread to thread some five times, and each
time waits so long while another one is worked out, of Python's own 5 ms ten times as long."""


def _prepare_memory() -> None:
    """What is there now stays, so the garbage collector need not look at it again and hold requests up.

    Models come and go in pieces of a megabyte: glibc is told to give such pieces back to the system at once, which
    keeps 30 MiB off a process that has used 50 models. What requests need in between, bodies and batches, it is told
    to keep, or each would ask the system for its pages anew. Other C libraries have no such call.
    """
    gc.collect()
    gc.freeze()
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def _inherited(descriptor: int) -> socket.socket:
    try:
        return socket.socket(fileno=descriptor)
    except OSError as error:
        sys.exit(f"Error: --fd {descriptor} is no socket: {error.strerror}.")


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(prog="normlab-api", description="Normlab's HTTP service.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="the port, 0 for any (default: %(default)s)")
    parser.add_argument(
        "--fd",
        type=int,
        help="listen at this inherited socket instead; --host is then only the service's name",
    )
    parser.add_argument("--access-log", action="store_true", help="write a line for each request")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s:  %(name)s: %(message)s")
    try:
        settings = Settings()
        # A mistake in one of them is a sentence here, a trace while the app starts.
        urls.parse(settings.resolved_database_url)
        artifact_store.check_url(settings.resolved_artifacts_url)
        names = (*settings.allowed_hosts, *names_of_listener(arguments.host))
        settings = settings.model_copy(update={"allowed_hosts": names})
        app = create_app(settings)
    except SetupError as error:
        sys.exit(f"Error: {error}")
    _prepare_memory()
    sys.setswitchinterval(_SWITCH_SECONDS)
    server = server_of(
        app, settings, host=arguments.host, port=arguments.port, access_log=arguments.access_log
    )
    server.run(None if arguments.fd is None else [_inherited(arguments.fd)])


if __name__ == "__main__":
    main()
