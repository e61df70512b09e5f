"""Event streams that stay open, on this machine only."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from servers import Server

FIRST_EVENT_SECONDS = 120.0


@asynccontextmanager
async def streams(server: Server, paths: Sequence[str]) -> AsyncIterator[None]:
    """A stream of each path, each with its first event, read until the end of the context."""
    opened: list[asyncio.StreamWriter] = []
    reading: list[asyncio.Task[None]] = []
    try:
        for path in paths:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            opened.append(writer)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
            first = await asyncio.wait_for(reader.readuntil(b"\nid: "), FIRST_EVENT_SECONDS)
            if not first.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(first.decode())
            reading.append(asyncio.create_task(_read(reader)))
        yield
        if ended := [task for task in reading if task.done()]:
            raise RuntimeError(f"{len(ended)} of {len(paths)} streams were ended by {server.name}")
    finally:
        for task in reading:
            task.cancel()
        for writer in opened:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> None:
    while await reader.read(65536):
        pass
