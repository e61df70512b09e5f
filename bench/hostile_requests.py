"""What requests cost that ask for more than anybody needs: CPU time and memory of a real API process, for each.

    python bench/hostile_requests.py

Each case is sent once to warm up and three times measured; the medians are printed. Load goes to this machine only.
"""

import contextlib
import io
import json
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from builds import ROOT, running
from PIL import Image
from servers import Server

sys.path.append(str(Path(__file__).parent / "serving"))

import service

MIB = 2**20
JSON = {"Content-Type": "application/json"}


def measured(server: Server, ask: Callable[[], str]) -> tuple[float, float, str]:
    """CPU milliseconds, MiB at the highest above what was held before, and what was answered."""
    Path(f"/proc/{server.pid}/clear_refs").write_text("5")  # the highest so far is what is held now
    held, before = psutil.Process(server.pid).memory_info().rss, server.cpu_seconds()
    said = ask()
    spent = server.cpu_seconds() - before
    status = Path(f"/proc/{server.pid}/status").read_text()
    highest = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024
    return 1000 * spent, (highest - held) / MIB, said


@dataclass(frozen=True)
class Client:
    """Sends requests, and gives the beginning of each answer."""

    server: Server

    def post(self, path: str, body: bytes, headers: dict[str, str] = JSON) -> str:
        try:
            response = httpx.post(f"{self.server.url}{path}", content=body, headers=headers, timeout=120)
        except httpx.TransportError:
            return "closed while it was being sent"
        return f"{response.status_code}, {len(response.content)} bytes: {response.text[:70]}"

    def get(self, path: str) -> str:
        response = httpx.get(f"{self.server.url}{path}", timeout=120)
        return f"{response.status_code}, {len(response.content)} bytes: {response.text[:70]}"

    def headers(self, text: bytes) -> str:
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(b"GET /jobs HTTP/1.1\r\nHost: localhost\r\n" + text + b"\r\n\r\n")
            with contextlib.suppress(OSError):
                return connection.recv(65536).decode("latin-1")[:40].splitlines()[0]
        return "closed while it was being sent"


def form(count: int, side: int) -> tuple[bytes, dict[str, str]]:
    file = io.BytesIO()
    Image.new("1", (side, side)).save(file, "PNG")
    request = httpx.Request(
        "POST", "http://x", files=[("i", (f"{n}.png", file.getvalue(), "image/png")) for n in range(count)]
    )
    return request.read(), {"Content-Type": request.headers["content-type"]}


def cases(client: Client, job: str) -> dict[str, Callable[[], str]]:
    arms = {"arms": [{"name": f"a{n}", "spec": {"architecture": "baseline"}} for n in range(8000)]}
    images, form_type = form(60, 4000)
    predict = f"/jobs/{job}/predict"
    post, get, headers = client.post, client.get, client.headers
    return {
        "a request that is in order": lambda: post(
            "/jobs?validate_only=true", b'{"architecture": "baseline"}'
        ),
        "10^6 mistakes, 3 MB": lambda: post(
            "/jobs", b'{"architecture":{"layers":[' + b"{}," * 10**6 + b"{}]}}"
        ),
        "as many as fit into 1 MiB": lambda: post(
            "/jobs", b'{"architecture":{"layers":[' + b"{}," * 349_000 + b"{}]}}"
        ),
        "49,000 layers that are none": lambda: post(
            "/jobs", b'{"architecture":{"layers":[' + b"0," * 48_900 + b"0]}}"
        ),
        "4,000 unknown fields": lambda: post("/jobs", json.dumps({f"k{n}": n for n in range(4000)}).encode()),
        "a name of 900 kB": lambda: post("/jobs", json.dumps({"architecture": "x" * 900_000}).encode()),
        "500 tags to list by": lambda: get("/jobs?" + "&".join(f"tag=t{n}" for n in range(500))),
        "8,000 arms": lambda: post("/comparisons", json.dumps(arms).encode()),
        "10^6 header bytes in one": lambda: headers(b"X: " + b"a" * 10**6),
        "10^6 header bytes in many": lambda: headers(b"a: b\r\n" * 166_666),
        "31 MB of [], to predict": lambda: post(predict, b'{"instances":[' + b"[]," * 10_300_000 + b"[]]}"),
        "60 images of 16 megapixels": lambda: post(predict, images, form_type),
        "1 image of 16 megapixels": lambda: post(predict, *form(1, 4000)),
    }


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="normlab-bench-") as name:
        folder = Path(name)
        (job,) = service.fill(folder, 1)
        with running("normlab", ROOT, folder) as build:
            server = build.server
            print("| request | CPU ms | MiB | answer |\n| --- | --- | --- | --- |")
            for what, ask in cases(Client(server), job).items():
                ask()
                rounds = [measured(server, ask) for _ in range(3)]
                cpu, memory = (statistics.median(column) for column in list(zip(*rounds, strict=True))[:2])
                print(f"| {what} | {cpu:.1f} | {memory:.1f} | {rounds[-1][2]} |", flush=True)
            idle_clients(server)


def idle_clients(server: Server) -> None:
    """200 clients that send the beginning of a body and nothing more."""
    lines = (
        "POST /jobs HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        "Content-Length: 1000000",
    )
    begin = "\r\n".join([*lines, "", ""]).encode()
    process = psutil.Process(server.pid)
    before = process.memory_info().rss
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(200):
            connection = stack.enter_context(
                socket.create_connection(("127.0.0.1", server.port), timeout=120)
            )
            connection.sendall(begin + b" " * 300_000)
            connections.append(connection)
        held = process.memory_info().rss - before
        began, spent = time.monotonic(), server.cpu_seconds()
        closed = sum(
            connection.makefile("rb").read().startswith(b"HTTP/1.1 408") for connection in connections
        )
    time.sleep(2)
    print(
        f"\n200 clients that send nothing more: {held / MIB:.0f} MiB held; {closed} closed after "
        f"{time.monotonic() - began - 2:.0f} s for {1000 * (server.cpu_seconds() - spent):.0f} ms of CPU time; "
        f"{(process.memory_info().rss - before) / MIB:.0f} MiB still held"
    )


if __name__ == "__main__":
    main()
