"""What open event streams cost everybody else, beside another build: ``python bench/streams --old CHECKOUT``.

Of each build in turn, so that one does not disturb the other: the latency of requests over one connection with no
stream open and with ``--streams`` of them, each of a job of its own that waits; the statements that read from its
database in a second; and by how much its memory grew for each stream (PSS, which counts what processes share in part).
Other load on the machine hits both states of a build, which follow each other, round after round.

Then what an answer about a job costs that reported its progress for a minute, and for ten hours.
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
READING_SECONDS = 10.0
REPORTED_SECONDS = (60, 36_000)
IN_A_ROW = 5

Ask = Callable[[httpx.Client], httpx.Response]


@dataclass
class State:
    """A build with so many streams open."""

    latencies_ms: dict[str, list[float]] = field(default_factory=dict)
    reads_per_second: list[float] = field(default_factory=list)
    pss_kib: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Measured:
    """A build, what it is asked, and what came of it."""

    build: Build
    asks: dict[str, Ask]
    paths: list[str]
    """Of streams."""
    reported: dict[int, str]
    """Jobs by for how many seconds they have reported their progress."""
    reads: Path
    without: State = field(default_factory=State)
    within: State = field(default_factory=State)
    reported_ms: dict[int, list[float]] = field(
        default_factory=lambda: {seconds: [] for seconds in REPORTED_SECONDS}
    )
    """CPU time of an answer, by the same."""

    async def measure(self, requests: int) -> None:
        """One round: without streams, then with them."""
        await self._measure(self.without, requests)
        async with streams(self.build.server, self.paths):
            await asyncio.sleep(SETTLING_SECONDS)
            await self._measure(self.within, requests)

    def measure_reported(self, requests: int) -> None:
        """One round of answers about the jobs that have reported, each in turn."""
        with httpx.Client(base_url=self.build.url, timeout=120) as http:
            for _ in range(requests):
                for seconds, job in self.reported.items():
                    before = self.build.cpu_ms()
                    for _ in range(IN_A_ROW):
                        http.get(f"/jobs/{job}").raise_for_status()
                    self.reported_ms[seconds].append((self.build.cpu_ms() - before) / IN_A_ROW)

    async def _measure(self, state: State, requests: int) -> None:
        # In a thread, so that what the streams send is read meanwhile.
        await asyncio.to_thread(self._ask, state, requests)
        before, began = self._reads(), time.monotonic()
        await asyncio.sleep(READING_SECONDS)
        state.reads_per_second.append((self._reads() - before) / (time.monotonic() - began))
        pss = psutil.Process(self.build.pid).memory_full_info().pss
        state.pss_kib.append(pss / 1024)

    def _ask(self, state: State, requests: int) -> None:
        with httpx.Client(base_url=self.build.url, timeout=120) as http:
            for name, ask in self.asks.items():
                for number in range(requests + 1):
                    began = time.perf_counter()
                    ask(http).raise_for_status()
                    if number:  # the first one opens the connection
                        state.latencies_ms.setdefault(name, []).append(1000 * (time.perf_counter() - began))

    def _reads(self) -> int:
        return int.from_bytes(self.reads.read_bytes(), sys.byteorder)


def start(stack: ExitStack, name: str, checkout: Path, server: str | None, count: int) -> Measured:
    """A build with a network that predicts, and jobs that wait, one for each stream."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"normlab-bench-{name}-")))
    reads = folder / "reads"
    database = builds.new_database(server, name) if server else None
    build = stack.enter_context(
        builds.running(
            name,
            checkout,
            folder,
            database,
            more={
                "NORMLAB_BENCH_READS": str(reads),
                "PYTHONPATH": f"{Path(__file__).parent / 'counting'}:{checkout}",
            },
        )
    )
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
    return Measured(build, asks, [f"/jobs/{job}/events" for job in waiting], reported, reads)


def print_rows(measured: list[Measured], count: int) -> None:
    """The tables."""
    print(f"| build | request | ms without | with {count} streams | times | p99 without | with |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for of in measured:
        for name in of.asks:
            before, after = (state.latencies_ms[name] for state in (of.without, of.within))
            medians = statistics.median(before), statistics.median(after)
            worst = (float(np.percentile(of_state, 99)) for of_state in (before, after))
            cells = [*(f"{value:.2f}" for value in (*medians, medians[1] / medians[0], *worst))]
            print(f"| {of.build.name} | `{name}` | {' | '.join(cells)} |")
    print("\n| build | reads a second without | with | for the streams | KiB a stream |")
    print("| --- | --- | --- | --- | --- |")
    for of in measured:
        before, after = (statistics.median(state.reads_per_second) for state in (of.without, of.within))
        grown = max(of.within.pss_kib) - of.without.pss_kib[0]
        print(
            f"| {of.build.name} | {before:.1f} | {after:.1f} | {after - before:.1f} | {grown / count:.0f} |"
        )
    print("\n| build | CPU ms after a minute of progress | after ten hours | times |")
    print("| --- | --- | --- | --- |")
    for of in measured:
        short, long = (statistics.median(found) for found in of.reported_ms.values())
        print(f"| {of.build.name} | {short:.2f} | {long:.2f} | {long / short:.2f} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--old", type=Path, help="another checkout to stand beside")
    parser.add_argument("--database", help="a Postgres, as postgresql+psycopg://…; default: SQLite")
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=50, help="in a round (default: %(default)s)")
    arguments = parser.parse_args()
    checkouts = {"new": builds.ROOT} | ({"old": arguments.old.resolve()} if arguments.old else {})
    with ExitStack() as stack:
        measured = [
            start(stack, name, checkout, arguments.database, arguments.streams)
            for name, checkout in checkouts.items()
        ]
        for _ in range(arguments.rounds):
            for of in measured:
                asyncio.run(of.measure(arguments.requests))
                of.measure_reported(arguments.requests)
    print_rows(measured, arguments.streams)


if __name__ == "__main__":
    main()
