"""Requests over connections that stay open, to this machine only: how many a second, and how long each takes."""

import asyncio
import time
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import psutil
from servers import Body, Server


@dataclass(frozen=True)
class Measured:
    """What one measurement came to."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    """Of the server's processes, for each request."""


def measure(server: Server, path: str, body: Body, *, connections: int, seconds: float) -> Measured:
    """Send the same request over and over; the first answers must be right, or it raises."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        f"Content-Type: {body.media_type}",
        f"Content-Length: {len(body.content)}",
        *(f"{name}: {value}" for name, value in body.headers),
    ]
    request = "\r\n".join([*lines, "", ""]).encode() + body.content
    asyncio.run(_load(server.port, request, connections, 0.05))  # warm
    before = _cpu_seconds(server)
    began = time.perf_counter()
    latencies = np.array(asyncio.run(_load(server.port, request, connections, seconds))) * 1000
    took = time.perf_counter() - began
    cpu = _cpu_seconds(server) - before
    p50, p99 = np.percentile(latencies, [50, 99])
    return Measured(len(latencies) / took, p50, p99, cpu / len(latencies) * 1000)


def memory_bytes(server: Server) -> tuple[int, int]:
    """Memory of the server and its children: what is theirs alone, and with what they share, such as libraries."""
    found = [process.memory_full_info() for process in _processes(server)]
    return sum(item.uss for item in found), sum(item.rss for item in found)


def _processes(server: Server) -> list[psutil.Process]:
    root = psutil.Process(server.process.pid)
    return [root, *root.children(recursive=True)]


def _cpu_seconds(server: Server) -> float:
    """As the scheduler counts it, in nanoseconds; the usual counters go in steps of 10 ms."""
    threads = chain.from_iterable(
        Path(f"/proc/{process.pid}/task").glob("*/schedstat") for process in _processes(server)
    )
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


async def _load(port: int, request: bytes, connections: int, seconds: float) -> list[float]:
    until = time.perf_counter() + seconds
    found = await asyncio.gather(*(_connection(port, request, until) for _ in range(connections)))
    return [latency for latencies in found for latency in latencies]


async def _connection(port: int, request: bytes, until: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    latencies = []
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head[:20]:
            raise RuntimeError(head.decode())
        length = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
        await reader.readexactly(int(length))
        latencies.append(time.perf_counter() - began)
    writer.close()
    return latencies
