"""How many runs a second can be handed in, and how long each waits: ``POST /jobs`` beside MLflow's ``runs/create``.

    python bench/requests/submissions.py [--old CHECKOUT] [--mlflow] [--database sqlite postgres]

All servers run at once on databases of their own and are asked in turns, over 1 and over 16 connections; every request
has another body, every answer is durable. Then 1,000 requests come at the same time, each over a connection of its own.
Normlab has jobs that ended, a real broker, and announced children of a worker that never take a job. MLflow has one
worker, as Normlab has one process, and is installed in an environment of its own. The Postgres is one that waits
for its disk.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "tests")]

import builds
from environments import MLFLOW, environment_with
from load import Body, Measured, measure, measure_at_once
from rows import Rows
from servers import Server, free_port, running

from normlab.local.redis import EmbeddedRedis
from support.postgres import PostgresServer

AT_ONCE = 1000
CHILDREN = 2
ENDED = 300
NEW, OLD, PEER = "Normlab", "old build", "MLflow"


@dataclass(frozen=True)
class Target:
    """A server, where it takes runs, and bodies without end."""

    server: Server
    path: str
    bodies: Iterator[Body]


def normlab(stack: ExitStack, name: str, checkout: Path, folder: Path, database: str | None) -> Target:
    """A build's API."""
    redis_folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="normlab-bench-")))
    broker = stack.enter_context(EmbeddedRedis(redis_folder))
    build = stack.enter_context(builds.running(name, checkout, folder, database, broker=broker.broker_url))
    rows = Rows(build.url, build.database)
    rows.add_jobs(ENDED)
    rows.add_children(CHILDREN)
    rows.close()
    return Target(build.server, "/jobs", map(_job, count()))


def _job(number: int) -> Body:
    spec = {
        "architecture": "batch_norm",
        "training": {"epochs": 10, "seed": number},
        "dataset": {"name": "digits"},
    }
    return Body(json.dumps(spec).encode())


def mlflow(folder: Path, database: str | None) -> AbstractContextManager[Server] | None:
    """MLflow's tracking server; None if it cannot be installed here."""
    programs = environment_with("mlflow-tracking", [MLFLOW, "psycopg2-binary"])
    if programs is None:
        return None
    folder.mkdir(parents=True)
    port = free_port()
    database = database or f"sqlite:///{folder / 'mlflow.db'}"
    command = [
        *(str(programs / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", database, "--default-artifact-root", str(folder / "artifacts")),
    ]
    environment = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # processes beside its worker that nothing here needs
    }
    return running(PEER, command, port, "/health", environment=environment, folder=folder)


def _run(number: int) -> Body:
    run = {"experiment_id": "0", "run_name": f"run {number}", "start_time": 1_700_000_000_000 + number}
    return Body(json.dumps(run).encode())


def targets(stack: ExitStack, arguments: argparse.Namespace, server: PostgresServer | None) -> list[Target]:
    """What is measured, running, on one kind of database."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="normlab-bench-")))
    found = []
    for name, checkout in ((NEW, builds.ROOT), (OLD, arguments.old)):
        if checkout:
            url = server.url(server.create()) if server else None
            found.append(normlab(stack, name, checkout, folder / name, url))
    if arguments.mlflow:
        url = server.url(server.create()).replace("+psycopg", "+psycopg2") if server else None
        peer = mlflow(folder / PEER, url)
        if peer is not None:
            found.append(Target(stack.enter_context(peer), "/api/2.0/mlflow/runs/create", map(_run, count())))
    return found


def report(title: str, found: dict[str, list[Measured]]) -> None:
    """One table, of medians over the rounds."""
    print(
        f"\n{title}\n\n| server | requests/s | median ms | p99 ms | p99 / median | slowest ms | CPU ms | errors |"
    )
    print("|" + " --- |" * 8)
    for name, rounds in found.items():
        per_second, p50, p99, slowest, cpu = (
            statistics.median(getattr(item, field) for item in rounds)
            for field in ("per_second", "p50_ms", "p99_ms", "slowest_ms", "cpu_ms")
        )
        tail = statistics.median(item.p99_ms / item.p50_ms for item in rounds)
        print(
            f"| {name} | {per_second:,.0f} | {p50:.1f} | {p99:.1f} | {tail:.1f} | {slowest:.0f} | {cpu:.2f} "
            f"| {sum(item.failed for item in rounds)} |"
        )
    for name in (OLD, PEER):
        if name in found:
            pairs = list(zip(found[NEW], found[name], strict=True))
            times = statistics.median(new.per_second / other.per_second for new, other in pairs)
            cpu = statistics.median(new.cpu_ms / other.cpu_ms for new, other in pairs)
            print(f"{NEW} beside {name}: {times:.1f} times the requests/s, {cpu:.2f} of the CPU time")


def compare(arguments: argparse.Namespace, server: PostgresServer | None) -> None:
    """Start, measure and print, on one kind of database."""
    kind = "Postgres" if server else "SQLite"
    with ExitStack() as stack:
        servers = targets(stack, arguments, server)
        for connections in arguments.connections:
            rounds: dict[str, list[Measured]] = {target.server.name: [] for target in servers}
            for _ in range(arguments.rounds):
                for target in servers:
                    rounds[target.server.name].append(
                        measure(
                            target.server,
                            target.path,
                            target.bodies,
                            connections=connections,
                            seconds=arguments.seconds,
                            may_fail=target.server.name == PEER,
                        )
                    )
            report(f"{kind}, {connections} connection{'s' if connections > 1 else ''}", rounds)
        at_once = {
            target.server.name: [measure_at_once(target.server, target.path, target.bodies, count=AT_ONCE)]
            for target in servers
            if target.server.name == NEW  # MLflow answers some with errors, and both others all after minutes
        }
        report(f"{kind}, {AT_ONCE:,} at once", at_once)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--old", type=Path, help="a work tree of an older build")
    parser.add_argument("--mlflow", action="store_true", help="also MLflow, installed if it is not there")
    parser.add_argument(
        "--database", choices=("sqlite", "postgres"), nargs="+", default=["sqlite"], help="which kinds"
    )
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    arguments = parser.parse_args()
    if "sqlite" in arguments.database:
        compare(arguments, None)
    if "postgres" in arguments.database:
        with PostgresServer(durable=True) as server:
            compare(arguments, server)


if __name__ == "__main__":
    main()
