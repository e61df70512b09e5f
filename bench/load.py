"""Requests over connections that stay open, to this machine only: how many a second, and how long each takes."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
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
    server: Server,
    path: str,
    bodies: Body | Iterator[Body],
    *,
    connections: int,
    seconds: float,
    may_fail: bool = False,
) -> Measured:
    """POST one body over and over, or one after the other; an answer that is no success raises, unless it may be."""
    if isinstance(bodies, Body):
        requests = repeat(_request(server, path, bodies))
    else:
        requests = (_request(server, path, body) for body in bodies)
    asyncio.run(_load(server.port, requests, connections, 0.05))  # warm
    cpu, began = server.cpu_seconds(), time.perf_counter()
    answers = asyncio.run(_load(server.port, requests, connections, seconds))
    took, cpu = time.perf_counter() - began, server.cpu_seconds() - cpu
    if not may_fail:
        for answer in answers:
            if not answer.is_success:
                raise RuntimeError(answer.head.decode())
    return _measured(answers, took, cpu)


def measure_at_once(server: Server, path: str, bodies: Iterator[Body], *, count: int) -> Measured:
    """POST so many bodies, each over a connection of its own, all at the same time."""
    requests = [_request(server, path, body) for body in islice(bodies, count)]
    cpu, began = server.cpu_seconds(), time.perf_counter()
    answers = asyncio.run(_at_once(server.port, requests))
    return _measured(answers, time.perf_counter() - began, server.cpu_seconds() - cpu)


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


def _measured(answers: list[_Answer], took: float, cpu_seconds: float) -> Measured:
    milliseconds = 1000 * np.array([answer.seconds for answer in answers])
    p50, p99, slowest = map(float, np.percentile(milliseconds, [50, 99, 100]))
    count, failed = len(answers), sum(not answer.is_success for answer in answers)
    return Measured(count / took, p50, p99, slowest, 1000 * cpu_seconds / count, failed)


async def _load(port: int, requests: Iterator[bytes], connections: int, seconds: float) -> list[_Answer]:
    until = time.perf_counter() + seconds
    found = await asyncio.gather(*(_connection(port, requests, until) for _ in range(connections)))
    return [answer for answers in found for answer in answers]


async def _connection(port: int, requests: Iterator[bytes], until: float) -> list[_Answer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    while time.perf_counter() < until:
        answers.append(await _ask(reader, writer, next(requests)))
    writer.close()
    return answers


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
