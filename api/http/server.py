"""The app on uvicorn, as it is meant to be served."""

import socket

import uvicorn
from fastapi import FastAPI

from api.http.connection import connection_type
from normlab.settings import Settings

_GRACE_SECONDS = 5
"""How long requests that are being answered may take when the process is told to end."""


class Server(uvicorn.Server):
    """Ends the event streams, which would never end by themselves, when the process is to end."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what was asked, and end."""
        self._app.state.services.feed.stop()
        await super().shutdown(sockets)


def server_of(
    app: FastAPI,
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    access_log: bool = False,
    log_level: str | None = None,
) -> Server:
    """A server for the app, which is not running yet."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=connection_type(settings),
        ws="none",
        timeout_graceful_shutdown=_GRACE_SECONDS,
        server_header=False,
        # For the log alone: no answer depends on what a proxy says of a request.
        proxy_headers=access_log,
        access_log=access_log,
        log_level=log_level,
    )
    return Server(config, app)
