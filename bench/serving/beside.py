"""Predictions of this build beside those of an older one, both running at once: is anything slower than it was?

    git worktree add /tmp/old-build COMMIT
    python bench/serving/beside.py --old /tmp/old-build [--rounds 40] [--seconds 0.3]

Both builds run with this environment's packages, each on a data folder of its own that its own code fills. They are
asked in turns, the order changing from round to round, on one core, from the other. Printed are medians over the rounds
of the old build's figure and of the ratio new / old within a round, with the ratio's quartiles: what the machine does
besides meets both. CPU time is the server process's as the scheduler counts it, in nanoseconds.

Two processes of one build differ by up to 2 %, by where things happen to lie in memory; ``--starts`` starts both that
often and puts the rounds together.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))

import builds
from formats import bodies, png
from load import Body, Measured, measure
from servers import Server

_FILL = "import pathlib, sys, service; print(service.fill(pathlib.Path(sys.argv[1]), 1)[0])"


def start(stack: ExitStack, name: str, tree: Path, core: int) -> tuple[Server, str]:
    """A build's service, on one core, and the id of its only job."""
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"normlab-bench-{name}-"))
    job = subprocess.run(
        [sys.executable, "-c", _FILL, folder],
        cwd=tree / "bench/serving",
        env={**os.environ, "PYTHONPATH": str(tree)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    server = stack.enter_context(builds.running(name, tree, Path(folder))).server
    for thread in Path(f"/proc/{server.pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})
    return server, job


def cases(pixels: np.ndarray) -> dict[str, tuple[str, Body, int]]:
    """What is measured: a path's ending, a body, and the connections."""
    formats = bodies(pixels)
    return {
        "1 image, JSON": ("/jobs/{job}/predict", formats["json"][1], 1),
        "1 image, JSON, 16 connections": ("/jobs/{job}/predict", formats["json"][1], 16),
        "1 image, x-npy": ("/jobs/{job}/predict", formats["npy"][1], 1),
        "1 image, x-npy, 16 connections": ("/jobs/{job}/predict", formats["npy"][1], 16),
        "1 image, PNG": ("/jobs/{job}/predict", png(pixels[0]), 1),
        "1 image, PNG, 16 connections": ("/jobs/{job}/predict", png(pixels[0]), 16),
        "1 image, OIP binary": ("/v2/models/bench/infer", formats["oip binary"][1], 1),
        "1 image, TensorFlow Serving": ("/v1/models/bench:predict", formats["json"][1], 1),
        "64 images, JSON": ("/jobs/{job}/predict", formats["json"][64], 1),
        "64 images, JSON, 16 connections": ("/jobs/{job}/predict", formats["json"][64], 16),
        "64 images, x-npy": ("/jobs/{job}/predict", formats["npy"][64], 1),
        "64 images, x-npy, 16 connections": ("/jobs/{job}/predict", formats["npy"][64], 16),
    }


def one_start(arguments: argparse.Namespace, rows: dict[str, list[tuple[Measured, Measured]]]) -> None:
    """Both builds started, and asked round after round."""
    server_core, client_core = sorted(os.sched_getaffinity(0))[:2]
    pixels = np.random.default_rng(0).integers(0, 256, (64, 28, 28), dtype=np.uint8)
    with ExitStack() as stack:
        trees = {"old": arguments.old.resolve(), "new": builds.ROOT}
        services = {name: start(stack, name, tree, server_core) for name, tree in trees.items()}
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {client_core})
        stack.callback(os.sched_setaffinity, 0, before)
        for number in range(arguments.rounds):
            for case, (path, body, connections) in cases(pixels).items():
                if arguments.only and arguments.only not in case:
                    continue
                found: dict[str, Measured] = {}
                for name in ("old", "new") if number % 2 else ("new", "old"):
                    server, job = services[name]
                    found[name] = measure(
                        server,
                        path.format(job=job),
                        body,
                        connections=connections,
                        seconds=arguments.seconds,
                    )
                rows.setdefault(case, []).append((found["old"], found["new"]))


def print_rows(rows: dict[str, list[tuple[Measured, Measured]]]) -> None:
    """The table."""
    print("| case | old, wall us | wall, new / old | old, CPU us | CPU, new / old |\n| --- |" + " --- |" * 4)
    for case, pairs in rows.items():
        cells = []
        for of in (lambda item: 1 / item.per_second, lambda item: item.cpu_ms / 1000):
            old = statistics.median(of(item) for item, _ in pairs)
            low, middle, high = statistics.quantiles([of(new) / of(old) for old, new in pairs], n=4)
            cells.append(f"{1e6 * old:.0f} | {middle:.3f} ({low:.3f} to {high:.3f})")
        print(f"| {case} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--old", type=Path, required=True, help="a work tree of the older build")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=15, help="for each start")
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--only", help="only the cases whose name holds this")
    arguments = parser.parse_args()
    rows: dict[str, list[tuple[Measured, Measured]]] = {}
    for _ in range(arguments.starts):
        one_start(arguments, rows)
    print_rows(rows)


if __name__ == "__main__":
    main()
