"""What one request costs the API process, in CPU time, beside another build: ``python bench/requests --old CHECKOUT``.

``git worktree add ../old 80836b3`` makes such a checkout. Both builds run at once and are asked in turns, one
connection each, so that other load hits both; CPU time is that of the API process alone. With ``--database`` (a URL
of a Postgres in which databases may be made) they work there, else on SQLite.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

sys.path.append(str(Path(__file__).parents[1]))

from builds import ROOT, Build, new_database, running
from rows import Rows

SPEC = {"architecture": "batch_norm", "training": {"epochs": 10}, "dataset": {"name": "digits"}}
Ask = Callable[[httpx.Client], httpx.Response]


def cases(job: str) -> dict[str, Ask]:
    """The requests, by name."""
    return {
        "POST /jobs": lambda http: http.post("/jobs", json=SPEC),
        "GET /jobs/{id}": lambda http: http.get(f"/jobs/{job}"),
        "GET /jobs/{id}/metrics": lambda http: http.get(f"/jobs/{job}/metrics"),
        "GET /jobs?limit=50": lambda http: http.get("/jobs?limit=50"),
        "GET /jobs?state=succeeded&limit=50": lambda http: http.get("/jobs?state=succeeded&limit=50"),
        "GET /jobs?tag=t7&limit=50": lambda http: http.get("/jobs?tag=t7&limit=50"),
        "GET /jobs?tag=t7&tag=all&limit=50": lambda http: http.get("/jobs?tag=t7&tag=all&limit=50"),
        "GET /jobs?name=n7&limit=50": lambda http: http.get("/jobs?name=n7&limit=50"),
        "GET /comparisons?limit=50": lambda http: http.get("/comparisons?limit=50"),
    }


def measure(builds: list[tuple[Build, dict[str, Ask]]], rounds: int, requests: int) -> dict[str, list[float]]:
    """Median CPU milliseconds of a request, by case, one number for each build."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(httpx.Client(base_url=build.url, timeout=120)) for build, _ in builds]
        medians = {}
        for case in builds[0][1]:
            seen: list[list[float]] = [[] for _ in builds]
            for _ in range(rounds + 1):
                for index, ((build, asks), http) in enumerate(zip(builds, clients, strict=True)):
                    before = build.cpu_ms()
                    for _ in range(requests):
                        asks[case](http).raise_for_status()
                    seen[index].append((build.cpu_ms() - before) / requests)
            medians[case] = [statistics.median(rounds_of[1:]) for rounds_of in seen]  # the first one warms up
    return medians


@contextlib.contextmanager
def filled(
    name: str, checkout: Path, folder: Path, server: str | None, jobs: int
) -> Iterator[tuple[Build, dict[str, Ask]]]:
    """A build with so many jobs, and what to ask it."""
    with running(name, checkout, folder, new_database(server, name) if server else None) as build:
        rows = Rows(build.url, build.database)
        ids = rows.add_jobs(jobs)
        rows.close()
        yield build, cases(ids[0])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--old", type=Path, help="another checkout to stand beside")
    parser.add_argument("--database", help="a Postgres, as postgresql+psycopg://…; default: SQLite")
    parser.add_argument(
        "--jobs", type=int, nargs=2, default=(100, 10_000), help="few and many (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=20, help="in a round (default: %(default)s)")
    arguments = parser.parse_args()
    few, many = arguments.jobs
    with tempfile.TemporaryDirectory(prefix="normlab-bench-") as name, contextlib.ExitStack() as stack:
        builds = [
            stack.enter_context(
                filled(f"{kind}_{count}", checkout, Path(name) / f"{kind}_{count}", arguments.database, count)
            )
            for kind, checkout in (("new", ROOT), ("old", arguments.old))
            if checkout
            for count in (few, many)
        ]
        medians = measure(builds, arguments.rounds, arguments.requests)
    print(f"| request | CPU ms at {few:,} jobs | at {many:,} | growth | old build | new / old |")
    print("| --- | --- | --- | --- | --- | --- |")
    for case, (at_few, at_many, *old) in medians.items():
        beside = f"{old[0]:.2f} and {old[1]:.2f} | {at_few / old[0]:.2f}" if old else "- | -"
        print(f"| `{case}` | {at_few:.2f} | {at_many:.2f} | {at_many / at_few:.2f} | {beside} |")


if __name__ == "__main__":
    main()
