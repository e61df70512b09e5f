"""``python -m api --host --port``: the HTTP service in this process, until SIGTERM or Ctrl-C."""

import argparse
import ctypes
import gc
import logging
import sys
from contextlib import suppress
from types import FrameType

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from normlab.errors import SetupError

_GRACE_SECONDS = 5
"""How long requests that are being answered may take when the process is told to end."""


# Of mallopt(3).
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_MMAP_BYTES = 512 * 1024
_KEPT_BYTES = 8 * 2**20


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


class _Server(uvicorn.Server):
    """Tells the event streams, which would never end by themselves, that the process is to end."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._stopping = app.state.stopping

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        self._stopping.set()
        super().handle_exit(sig, frame)


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(prog="python -m api", description="Normlab's HTTP service.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="the port, 0 for any (default: %(default)s)")
    parser.add_argument("--access-log", action="store_true", help="write a line for each request")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s:  %(name)s: %(message)s")
    try:
        app = create_app()
    except SetupError as error:
        sys.exit(f"Error: {error}")
    _prepare_memory()
    config = uvicorn.Config(
        app,
        host=arguments.host,
        port=arguments.port,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        server_header=False,
        access_log=arguments.access_log,
        ws="none",
    )
    _Server(config, app).run()


if __name__ == "__main__":
    main()
