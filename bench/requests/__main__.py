"""What one request costs the API process, in CPU time, beside another build: ``python bench/requests --old CHECKOUT``.

``git worktree add ../old 80836b3`` makes such a checkout. Both builds run at once and are asked in turns, one
connection each, so that other load hits both; CPU time is that of the API process alone. With ``--database`` (a URL
of a Postgres in which databases may be made) they work there, else on SQLite.
"""

import argparse
import contextlib
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx

sys.path.append(str(Path(__file__).parents[1]))

from builds import ROOT, Build, new_database, running
from cases import Case, cases
from rows import Rows

NEW, OLD = "new", "old"

TIMES = 1.5
"""The bar: at so many jobs a request costs at most so many times what it does at few."""


def measure(
    builds: Sequence[tuple[Build, Mapping[str, Case]]], only: re.Pattern[str], rounds: int, requests: int
) -> Iterator[tuple[str, list[float]]]:
    """CPU milliseconds of a request, by case: one number for each build that understands it.

    Of the round that other load on the machine has disturbed the least.
    """
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(httpx.Client(base_url=build.url, timeout=120)) for build, _ in builds]
        for name in filter(only.search, builds[0][1]):
            asked = [
                (build, cases[name], http)
                for (build, cases), http in zip(builds, clients, strict=True)
                if cases[name].old or not build.name.startswith(OLD)
            ]
            seen: list[list[float]] = [[] for _ in asked]
            for number in range(rounds + 1):
                for costs, (build, case, http) in zip(seen, asked, strict=True):
                    before = build.cpu_ms()
                    for _ in range(requests):
                        case.ask(http).raise_for_status()
                    if number:  # the first round warms up
                        costs.append((build.cpu_ms() - before) / requests)
            yield name, [min(costs) for costs in seen]


@contextlib.contextmanager
def filled(
    name: str, checkout: Path, folder: Path, server: str | None, jobs: int
) -> Iterator[tuple[Build, Mapping[str, Case]]]:
    """A build with so many jobs, comparisons and names, and what to ask it."""
    database = new_database(server, name) if server else None
    with running(name, checkout, folder, database, more={"NORMLAB_MAINTENANCE_SECONDS": "3600"}) as build:
        rows = Rows(build.url, build.database)
        rows.add_jobs(jobs)
        rows.add_comparisons_and_names(jobs)
        rows.close()
        yield build, cases(jobs)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--old", type=Path, help="another checkout to stand beside, with few jobs")
    parser.add_argument("--database", help="a Postgres, as postgresql+psycopg://…; default: SQLite")
    parser.add_argument(
        "--jobs", type=int, nargs=2, default=(100, 100_000), help="few and many (default: %(default)s)"
    )
    parser.add_argument("--only", type=re.compile, default=re.compile(""), help="cases whose names have this")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=10, help="in a round (default: %(default)s)")
    arguments = parser.parse_args()
    few, many = arguments.jobs
    builds = [(NEW, ROOT, few), (NEW, ROOT, many)]
    if arguments.old:
        builds.append((OLD, arguments.old, few))
    with tempfile.TemporaryDirectory(prefix="normlab-bench-") as folder, contextlib.ExitStack() as stack:
        asked = [
            stack.enter_context(
                filled(
                    f"{kind}_{count}", checkout, Path(folder) / f"{kind}_{count}", arguments.database, count
                )
            )
            for kind, checkout, count in builds
        ]
        print(
            f"| request | CPU ms at {few:,} jobs | at {many:,} | growth | old build at {few:,} | new / old |"
        )
        print("| --- | --- | --- | --- | --- | --- |")
        growths = {}
        for name, (at_few, at_many, *old) in measure(
            asked, arguments.only, arguments.rounds, arguments.requests
        ):
            growths[name] = at_many / at_few
            beside = f"{old[0]:.2f} | {at_few / old[0]:.2f}" if old else "- | -"
            print(f"| {name} | {at_few:.2f} | {at_many:.2f} | {growths[name]:.2f} | {beside} |", flush=True)
    beyond = [name for name, growth in growths.items() if growth > TIMES]
    print(f"\n{len(growths) - len(beyond)} of {len(growths)} grow to at most {TIMES} times.")
    if beyond:
        print(f"Not: {'; '.join(beyond)}")


if __name__ == "__main__":
    main()
