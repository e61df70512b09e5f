"""What open event streams cost everybody else, beside another build: ``python bench/streams --old CHECKOUT``.

Of each build two API processes run at once, each with a database of its own, and with ``--streams`` open at one of
them, each of a job of its own that waits. They are asked in turns over one connection each, so that other load hits
both. Then nobody asks: counted are the statements that read from the database, CPU time, and by how much the memory
grew for each stream (PSS, which counts what processes share in part).

Last, what an answer about a job costs that reported its progress for a minute, and for ten hours.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil

sys.path.append(str(Path(__file__).parents[1]))
sys.path.append(str(Path(__file__).parents[1] / "requests"))
sys.path.append(str(Path(__file__).parents[1] / "serving"))

import builds
from builds import Build
from idle import streams
from rows import Rows
from service import network

SPEC = {"architecture": "batch_norm", "training": {"epochs": 10}, "dataset": {"name": "digits"}}
SETTLING_SECONDS = 3.0
"""A build may look more often for a while after something has happened."""
IDLE_SECONDS = 20.0
REPORTED_SECONDS = (60, 36_000)
IN_A_ROW = 5

Ask = Callable[[httpx.Client], httpx.Response]


@dataclass(frozen=True)
class Process:
    """An API process, what it is asked, and what came of it."""

    build: Build
    asks: dict[str, Ask]
    waiting: list[str]
    """Jobs, one for each stream."""
    reported: dict[int, str]
    """Jobs by for how many seconds they have reported their progress."""
    reads: Path
    latencies_ms: dict[str, list[float]] = field(default_factory=dict)
    reads_per_second: list[float] = field(default_factory=list)
    cpu_ms_per_second: list[float] = field(default_factory=list)
    grown_kib: list[float] = field(default_factory=list)
    """Of memory, while the streams were opened."""
    reported_ms: dict[int, list[float]] = field(default_factory=dict)
    """CPU time of an answer about each of ``reported``."""

    def ask(self, name: str, http: httpx.Client) -> None:
        """One request."""
        began = time.perf_counter()
        self.asks[name](http).raise_for_status()
        self.latencies_ms.setdefault(name, []).append(1000 * (time.perf_counter() - began))

    def so_far(self) -> np.ndarray:
        """Statements that read, and CPU milliseconds."""
        return np.array([int.from_bytes(self.reads.read_bytes(), sys.byteorder), self.build.cpu_ms()])

    def pss_kib(self) -> float:
        """Its memory."""
        return float(psutil.Process(self.build.pid).memory_full_info().pss / 1024)


async def measure(without: Process, within: Process, requests: int) -> None:
    """One round with streams at one of the processes."""
    both = (without, within)
    await asyncio.to_thread(_ask, both, IN_A_ROW)
    for process in both:
        process.latencies_ms.clear()
    before = within.pss_kib()
    async with streams(within.build.server, [f"/jobs/{job}/events" for job in within.waiting]):
        await asyncio.sleep(SETTLING_SECONDS)
        within.grown_kib.append(within.pss_kib() - before)
        # In a thread, so that what the streams send is read meanwhile.
        await asyncio.to_thread(_ask, both, requests)
        counted, began = [process.so_far() for process in both], time.monotonic()
        await asyncio.sleep(IDLE_SECONDS)
        for process, first in zip(both, counted, strict=True):
            reads, cpu_ms = (process.so_far() - first) / (time.monotonic() - began)
            process.reads_per_second.append(reads)
            process.cpu_ms_per_second.append(cpu_ms)


def _ask(processes: tuple[Process, Process], requests: int) -> None:
    with ExitStack() as stack:
        clients = [
            stack.enter_context(httpx.Client(base_url=process.build.url, timeout=120))
            for process in processes
        ]
        for name in processes[0].asks:
            for _ in range(requests):
                for process, http in zip(processes, clients, strict=True):
                    process.ask(name, http)


def measure_reported(process: Process, requests: int) -> None:
    """One round of answers about the jobs that have reported, in turns."""
    with httpx.Client(base_url=process.build.url, timeout=120) as http:
        for _ in range(requests):
            for seconds, job in process.reported.items():
                before = process.build.cpu_ms()
                for _ in range(IN_A_ROW):
                    http.get(f"/jobs/{job}").raise_for_status()
                cpu_ms = (process.build.cpu_ms() - before) / IN_A_ROW
                process.reported_ms.setdefault(seconds, []).append(cpu_ms)


def start(stack: ExitStack, name: str, checkout: Path, server: str | None, count: int) -> Process:
    """A build with a network that predicts, and jobs that wait, one for each stream."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"normlab-bench-{name}-")))
    reads = folder / "reads"
    more = {
        "NORMLAB_BENCH_READS": str(reads),
        "PYTHONPATH": f"{Path(__file__).parent / 'counting'}:{checkout}",
    }
    database = builds.new_database(server, name) if server else None
    build = stack.enter_context(builds.running(name, checkout, folder, database, more=more))
    rows = Rows(build.url, build.database)
    reported = dict(zip(REPORTED_SECONDS, rows.add_jobs(len(REPORTED_SECONDS), epochs=0), strict=True))
    for seconds, job in reported.items():
        rows.add_progress(job, seconds)
    trained = rows.add_network(folder / "artifacts", network(0))
    rows.close()
    pixels = np.random.default_rng(0).integers(0, 256, (1, 28, 28)).tolist()
    with httpx.Client(base_url=build.url, timeout=120) as http:
        waiting = [http.post("/jobs", json=SPEC).raise_for_status().json()["id"] for _ in range(count)]
    asks: dict[str, Ask] = {
        "predict": lambda http: http.post(f"/jobs/{trained}/predict", json={"instances": pixels}),
        "GET /jobs/{id}": lambda http: http.get(f"/jobs/{waiting[0]}"),
        "POST /jobs": lambda http: http.post("/jobs", json=SPEC),
    }
    return Process(build, asks, waiting, reported, reads)


def print_rows(measured: dict[str, tuple[Process, Process]], count: int) -> None:
    """The tables."""
    print(f"| build | request | ms without streams | with {count} | times |")
    print("| --- | --- | --- | --- | --- |")
    for name, both in measured.items():
        for ask in both[0].asks:
            without, within = (statistics.median(process.latencies_ms[ask]) for process in both)
            print(f"| {name} | `{ask}` | {without:.2f} | {within:.2f} | {within / without:.2f} |")
    print("\n| build | reads a second for the streams | CPU ms a second for them | KiB a stream |")
    print("| --- | --- | --- | --- |")
    for name, (without, within) in measured.items():
        reads = statistics.median(np.subtract(within.reads_per_second, without.reads_per_second))
        cpu_ms = statistics.median(np.subtract(within.cpu_ms_per_second, without.cpu_ms_per_second))
        print(f"| {name} | {reads:.1f} | {cpu_ms:.1f} | {max(within.grown_kib) / count:.0f} |")
    print("\n| build | CPU ms after a minute of progress | after ten hours | times |")
    print("| --- | --- | --- | --- |")
    for name, (without, _) in measured.items():
        short, long = (statistics.median(found) for found in without.reported_ms.values())
        print(f"| {name} | {short:.2f} | {long:.2f} | {long / short:.2f} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--old", type=Path, help="another checkout to stand beside")
    parser.add_argument("--database", help="a Postgres, as postgresql+psycopg://…; default: SQLite")
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--requests", type=int, default=50, help="of a kind in a round (default: %(default)s)"
    )
    arguments = parser.parse_args()
    checkouts = {"new": builds.ROOT} | ({"old": arguments.old.resolve()} if arguments.old else {})
    measured = {}
    for name, checkout in checkouts.items():  # one build after the other: the old one keeps both cores busy
        with ExitStack() as stack:
            without, within = (
                start(stack, f"{name}_{which}", checkout, arguments.database, arguments.streams)
                for which in ("without", "within")
            )
            for _ in range(arguments.rounds):
                asyncio.run(measure(without, within, arguments.requests))
                measure_reported(without, arguments.requests)
            measured[name] = (without, within)
    print_rows(measured, arguments.streams)


if __name__ == "__main__":
    main()
