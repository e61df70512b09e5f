"""How fast predictions are, against the floor and peers: prints the tables of docs/serving-performance.md.

    python bench/serving [--rounds 8] [--seconds 0.4] [--peers]

All servers run at once and are measured in short turns, round after round, so that whatever else the machine does
meets all of them. Medians over the rounds are printed; a server's part of the floor is the median of its parts in each
round. Load goes to this machine only.
"""

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import httpx
import numpy as np

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "tests")]

import builds
import service
from formats import bodies
from load import Body, Measured, measure
from peers import ENVIRONMENT, HERE, PEERS
from servers import Server, free_port, running

from support.postgres import PostgresServer

MODELS = 50
CONNECTIONS = 16

Target = tuple[str, Server, str, dict[int, Body]]
"""Name, server, path, and a body for each number of images."""


def print_table(title: str, rows: dict[str, list[Measured]]) -> None:
    print(f"\n{title}\n\n| server | requests/s | of the floor | p50 ms | p99 ms | CPU ms |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, found in rows.items():
        median = {
            field: statistics.median(getattr(item, field) for item in found)
            for field in ("per_second", "p50_ms", "p99_ms", "cpu_ms")
        }
        part = statistics.median(
            item.per_second / floor.per_second for item, floor in zip(found, rows["floor"], strict=True)
        )
        print(
            f"| {name} | {median['per_second']:,.0f} | {part:.2f} | {median['p50_ms']:.2f} "
            f"| {median['p99_ms']:.2f} | {median['cpu_ms']:.3f} |",
            flush=True,
        )
    for name, found in rows.items():
        if "on Postgres" in name:
            on_sqlite = rows[name.replace(" on Postgres", "")]
            pairs = zip(found, on_sqlite, strict=True)
            part = statistics.median(item.per_second / other.per_second for item, other in pairs)
            print(f"{name}: {part:.2f} of the requests/s of SQLite")


def first_predictions(server: Server, ids: list[str], body: Body) -> list[float]:
    """Milliseconds until each model has answered for the first time."""
    found = []
    with httpx.Client(base_url=server.url) as http:
        for job_id in ids:
            began = time.perf_counter()
            answer = http.post(
                f"/jobs/{job_id}/predict", content=body.content, headers={"Content-Type": body.media_type}
            )
            answer.raise_for_status()
            found.append((time.perf_counter() - began) * 1000)
    return found


def on_uvicorn(module: str, environment: dict[str, str]) -> AbstractContextManager[Server]:
    """A FastAPI app of this folder, as a hand-written service would run it."""
    port = free_port()
    options = ("--port", str(port), "--log-level", "error", "--no-access-log")
    command = [sys.executable, "-m", "uvicorn", f"{module}:app", *options]
    return running(module, command, port, "/openapi.json", environment=environment, folder=HERE)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=0.4)
    parser.add_argument(
        "--peers", action="store_true", help="also packaged servers, installed when they are not there"
    )
    parser.add_argument("--only", help="only the servers whose name holds this, and the floor")
    arguments = parser.parse_args()
    pixels = np.random.default_rng(0).integers(0, 256, (64, 28, 28), dtype=np.uint8)
    formats = bodies(pixels)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="normlab-bench-")))
        ids = service.fill(folder, MODELS)
        model = {"MODEL": str(folder / "model.onnx")}
        floor = stack.enter_context(on_uvicorn("floor", model))
        plain = stack.enter_context(on_uvicorn("plain_onnxruntime", model))
        normlab = stack.enter_context(builds.running("normlab", builds.ROOT, folder)).server
        postgres = stack.enter_context(PostgresServer())
        url = postgres.url(postgres.create())
        others = service.fill(folder / "on_postgres", 1, url)
        on_postgres = stack.enter_context(
            builds.running("normlab on Postgres", builds.ROOT, folder / "on_postgres", url)
        ).server
        path = f"/jobs/{ids[0]}/predict"
        targets: list[Target] = [
            ("floor", floor, "/predict", formats["json"]),
            ("FastAPI + pydantic + onnxruntime", plain, "/predict", formats["json"]),
            ("Normlab, JSON", normlab, path, formats["json"]),
            ("Normlab, JSON, by name", normlab, "/models/bench/predict", formats["json"]),
            ("Normlab, x-npy", normlab, path, formats["npy"]),
            ("Normlab, OIP JSON", normlab, "/v2/models/bench/infer", formats["oip json"]),
            ("Normlab, OIP binary", normlab, "/v2/models/bench/infer", formats["oip binary"]),
            ("Normlab, TensorFlow Serving", normlab, "/v1/models/bench:predict", formats["json"]),
            ("Normlab on Postgres, JSON", on_postgres, f"/jobs/{others[0]}/predict", formats["json"]),
            ("Normlab on Postgres, JSON, by name", on_postgres, "/models/bench/predict", formats["json"]),
            ("Normlab on Postgres, x-npy", on_postgres, f"/jobs/{others[0]}/predict", formats["npy"]),
        ]
        if arguments.only:
            targets = [target for target in targets if target[0] == "floor" or arguments.only in target[0]]
        for peer in PEERS if arguments.peers else ():
            programs = peer.install()
            if programs is None:
                print(f"{peer.name}: cannot be installed here")
                continue
            port = free_port()
            command = peer.command(programs, port)
            server = running(
                peer.name, command, port, peer.alive, environment=ENVIRONMENT | model, folder=peer.folder
            )
            targets.append((peer.name, stack.enter_context(server), peer.path, formats[peer.format]))
        first = first_predictions(normlab, ids, formats["json"][1])
        for count in (1, 64):
            for connections in (CONNECTIONS, 1):
                rows: dict[str, list[Measured]] = {name: [] for name, *_ in targets}
                for _ in range(arguments.rounds):
                    for name, server, where, by_count in targets:
                        rows[name].append(
                            measure(
                                server,
                                where,
                                by_count[count],
                                connections=connections,
                                seconds=arguments.seconds,
                            )
                        )
                how = "one after the other" if connections == 1 else f"{connections} connections"
                print_table(f"{count} image{'s' if count > 1 else ''}, {how}", rows)
        print(
            f"\nA model's first prediction: median {statistics.median(first):.1f} ms, longest {max(first):.1f} ms"
        )
        for server in {target[1].name: target[1] for target in targets}.values():
            own, resident = (size / 1e6 for size in server.memory_bytes())
            print(
                f"{server.name}: answered {server.start_seconds:.1f} s after its start, "
                f"{own:.0f} MB its own, {resident:.0f} MB resident"
            )


if __name__ == "__main__":
    main()
