"""Requests over connections that stay open, to this machine only: how many a second, and how long each takes."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, repeat

import numpy as np
from servers import Server


@dataclass(frozen=True)
class Body:
    """What a request sends."""

    content: bytes
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Measured:
    """What one measurement came to."""

    per_second: float
    p50_ms: float
    p99_ms: float
    slowest_ms: float
    cpu_ms: float
    """Of the server's processes, for each request."""
    failed: int = 0
    """Answers that were no success; they count among the others."""


def measure(
    server: Server, path: str, bodies: Body | Iterator[Body], *, connections: int, seconds: float
) -> Measured:
    """POST one body over and over, or one after the other; an answer that is no success raises."""
    if isinstance(bodies, Body):
        requests = repeat(_request(server, path, bodies))
    else:
        requests = (_request(server, path, body) for body in bodies)
    asyncio.run(_load(server.port, requests, connections, 0.05))  # warm
    cpu, began = server.cpu_seconds(), time.perf_counter()
    latencies = asyncio.run(_load(server.port, requests, connections, seconds))
    return _measured(latencies, time.perf_counter() - began, server.cpu_seconds() - cpu)


def measure_at_once(server: Server, path: str, bodies: Iterator[Body], *, count: int) -> Measured:
    """POST so many bodies, each over a connection of its own, all at the same time."""
    requests = [_request(server, path, body) for body in islice(bodies, count)]
    cpu, began = server.cpu_seconds(), time.perf_counter()
    answers = asyncio.run(_at_once(server.port, requests))
    measured = _measured(
        [answer.seconds for answer in answers], time.perf_counter() - began, server.cpu_seconds() - cpu
    )
    return replace(measured, failed=sum(not answer.is_success for answer in answers))


@dataclass(frozen=True)
class _Answer:
    seconds: float
    head: bytes

    @property
    def is_success(self) -> bool:
        return self.head.startswith(b"HTTP/1.1 2")


def _request(server: Server, path: str, body: Body) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        f"Content-Type: {body.media_type}",
        f"Content-Length: {len(body.content)}",
        *(f"{name}: {value}" for name, value in body.headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body.content


def _measured(latencies: list[float], took: float, cpu_seconds: float) -> Measured:
    milliseconds = 1000 * np.array(latencies)
    p50, p99, slowest = map(float, np.percentile(milliseconds, [50, 99, 100]))
    count = len(latencies)
    return Measured(count / took, p50, p99, slowest, 1000 * cpu_seconds / count)


async def _load(port: int, requests: Iterator[bytes], connections: int, seconds: float) -> list[float]:
    until = time.perf_counter() + seconds
    found = await asyncio.gather(*(_connection(port, requests, until) for _ in range(connections)))
    return [latency for latencies in found for latency in latencies]


async def _connection(port: int, requests: Iterator[bytes], until: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    latencies = []
    while time.perf_counter() < until:
        answer = await _ask(reader, writer, next(requests))
        if not answer.is_success:
            raise RuntimeError(answer.head.decode())
        latencies.append(answer.seconds)
    writer.close()
    return latencies


async def _at_once(port: int, requests: list[bytes]) -> list[_Answer]:
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in requests]
    asked = [_ask(*stream, request) for stream, request in zip(streams, requests, strict=True)]
    answers = await asyncio.gather(*asked)
    for _, writer in streams:
        writer.close()
    return answers


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> _Answer:
    """Send a request, and read its answer."""
    began = time.perf_counter()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
    await reader.readexactly(int(length))
    return _Answer(time.perf_counter() - began, head)
