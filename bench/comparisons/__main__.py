"""What comparisons cost the service beside their training: ``python bench/comparisons --old CHECKOUT``.

CPU time is that of the API process. Comparisons of 2 arms of 5 seeds and of 8 arms of 50 are made over HTTP, and their
jobs ended by writing their rows; then each kind of answer is asked for: the first time after something has changed,
again, and again by a client that shows the ``ETag`` it has. Builds take turns, so that other load hits both. With
``--database`` (a URL of a Postgres in which databases may be made) they work there, else on SQLite.
"""

import argparse
import contextlib
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "tests")]

from builds import ROOT, Build, new_database, running
from ended import JobEndings
from meanwhile import Asking, writing

SMALL, LARGE = (2, 5), (8, 50)
"""Arms and seeds."""
PARTS = ("small", "large", "writes", "inside")
PATHS = {
    "document": "",
    "chart": "/charts/learning_curves.svg",
    "report": "/report",
    "bundle": "/bundle",
    "mechanism": "/mechanism",
}
INSIDE = {
    "diagnosis": "/diagnosis",
    "chart of updates": "/probes/charts/updates.svg",
    "chart of gradients": "/probes/charts/gradient_by_depth.json",
}
LONG_EPOCHS = 1_000
LONG = {"architecture": "deep_sigmoid", "dataset": "digits", "training": {"epochs": LONG_EPOCHS}}
"""A job that is measured at the end of each epoch."""
QUIET_SECONDS = 4.0
SUBMISSIONS, ENOUGH_SECONDS = 5, 10.0
"""So many are made, or fewer where they take longer together."""
SLOW_MS = 2_000.0
"""An answer that takes longer is asked for once."""


@dataclass
class Subject:
    """A build that is measured."""

    build: Build
    http: httpx.Client
    endings: JobEndings
    etag: str | None = None
    """Of the latest answer."""

    @classmethod
    @contextlib.contextmanager
    def of(cls, name: str, checkout: Path, folder: Path, server: str | None) -> "Iterator[Subject]":
        """A build with an empty database."""
        database = new_database(server, name) if server else None
        with (
            running(name, checkout, folder, database) as build,
            httpx.Client(base_url=build.url, timeout=600) as http,
        ):
            endings = JobEndings(build.database, folder / "artifacts")
            yield cls(build, http, endings)
            endings.close()

    def knows_answer(self, kind: str) -> bool:
        """Whether the build has such answers about comparisons."""
        if kind != "mechanism":
            return True
        return "/comparisons/{comparison_id}/mechanism" in self.http.get("/openapi.json").json()["paths"]

    def create(self, size: tuple[int, int], first_seed: int) -> str:
        """A new comparison of this size."""
        answer = self.http.post("/comparisons", json=request(size, first_seed)).raise_for_status()
        found: str = answer.json()["id"]
        return found

    def wait(self, comparison_id: str) -> None:
        """Until the service has ended it."""
        while self.http.get(f"/comparisons/{comparison_id}").json()["state"] == "running":
            time.sleep(0.2)

    def cpu_ms(self, url: str, *, times: int = 1, headers: Mapping[str, str] | None = None) -> float:
        """Of one request."""
        before = self.build.cpu_ms()
        for _ in range(times):
            answer = self.http.get(url, headers=headers)
            assert answer.status_code in (200, 304), answer.text
            self.etag = answer.headers.get("ETag")
        return (self.build.cpu_ms() - before) / times


def request(size: tuple[int, int], first_seed: int) -> dict[str, Any]:
    """A body for ``POST /comparisons``."""
    arms, seeds = size
    return {
        "arms": [
            {
                "name": f"batch of {2 ** (arm + 4)}",
                "spec": {"architecture": "batch_norm", "training": {"batch_size": 2 ** (arm + 4)}},
            }
            for arm in range(arms)
        ],
        "replicates": seeds,
        "base_seed": first_seed,
        "target_accuracy": 0.75,
    }


def answers(subject: Subject, size: tuple[int, int], rounds: int) -> Iterator[tuple[str, str, list[float]]]:
    """State, kind of answer, and CPU milliseconds: after a change, again, and with its ``ETag``."""
    comparison_id = subject.create(size, 1_000 * size[0])
    subject.endings.end(comparison_id, but=1)
    yield from _of_state(subject, comparison_id, "running", rounds)
    subject.endings.end(comparison_id)
    subject.wait(comparison_id)
    yield from _of_state(subject, comparison_id, "ended", rounds)


def _of_state(
    subject: Subject, comparison_id: str, state: str, rounds: int
) -> Iterator[tuple[str, str, list[float]]]:
    for kind, path in PATHS.items():
        url = f"/comparisons/{comparison_id}{path}"
        yield state, kind, costs(subject, url, rounds) if subject.knows_answer(kind) else [math.nan] * 3


def costs(subject: Subject, url: str, rounds: int) -> list[float]:
    """CPU milliseconds of an answer: the first time, again, and with its ``ETag``."""
    first, etag = subject.cpu_ms(url), subject.etag
    again = known = first
    if etag or first < SLOW_MS:  # who keeps nothing takes as long again
        times = max(1, min(20, round(400 / first)))
        again = known = statistics.median(subject.cpu_ms(url, times=times) for _ in range(rounds))
    if etag:
        headers = {"If-None-Match": etag}
        known = statistics.median(subject.cpu_ms(url, times=times, headers=headers) for _ in range(rounds))
    return [first, again, known]


def inside(subject: Subject, rounds: int) -> Iterator[tuple[str, list[float]]]:
    """The same of answers about what was measured inside a network for very long."""
    job = subject.http.post("/jobs", json=LONG).raise_for_status().json()
    subject.endings.measure([job["id"]])
    for kind, path in INSIDE.items():
        yield kind, costs(subject, f"/jobs/{job['id']}{path}", rounds)


def submission(subject: Subject, seeds: Iterator[int]) -> list[float]:
    """Of ``POST`` of the large comparison: seconds, CPU seconds, seconds of SQLite's write lock (0: not measured), and
    the 99th percentile of another request's milliseconds before and meanwhile."""
    job = subject.http.get("/jobs?limit=1").json()["data"][0]["id"]
    quiet, meanwhile = (Asking(f"{subject.build.url}/jobs/{job}") for _ in range(2))
    with quiet.running():
        time.sleep(QUIET_SECONDS)
    lock = (
        writing(subject.build.database.removeprefix("sqlite:///"))
        if "sqlite" in subject.build.database
        else None
    )
    seconds, cpu = [], []
    with meanwhile.running(), lock.running() if lock else contextlib.nullcontext():
        while len(seconds) < SUBMISSIONS and sum(seconds) < ENOUGH_SECONDS:
            began, before = time.perf_counter(), subject.build.cpu_ms()
            subject.create(LARGE, next(seeds))
            seconds.append(time.perf_counter() - began)
            cpu.append((subject.build.cpu_ms() - before) / 1000)
    return [
        statistics.median(seconds),
        statistics.median(cpu),
        lock.milliseconds(100) / 1000 if lock else 0.0,
        quiet.milliseconds(99),
        meanwhile.milliseconds(99),
    ]


def endings_of_large_ones(subject: Subject, seeds: Iterator[int]) -> list[float]:
    """Of cancelling, then deleting the large comparison with its jobs: seconds, and seconds of SQLite's write lock."""
    found = []
    comparison_id = subject.create(LARGE, next(seeds))
    for method, path in (("POST", "/cancel"), ("DELETE", "?with_jobs=true")):
        sqlite = "sqlite" in subject.build.database
        lock = writing(subject.build.database.removeprefix("sqlite:///")) if sqlite else None
        with lock.running() if lock else contextlib.nullcontext():
            began = time.perf_counter()
            subject.http.request(method, f"/comparisons/{comparison_id}{path}").raise_for_status()
            found.append(time.perf_counter() - began)
        found.append(lock.milliseconds(100) / 1000 if lock else 0.0)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--old", type=Path, help="another checkout to stand beside")
    parser.add_argument("--database", help="a Postgres, as postgresql+psycopg://…; default: SQLite")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="default: all")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="normlab-bench-") as name, contextlib.ExitStack() as stack:
        subjects = [
            stack.enter_context(Subject.of(kind, checkout, Path(name) / kind, arguments.database))
            for kind, checkout in (("new", ROOT), ("old", arguments.old))
            if checkout
        ]
        sizes = [size for part, size in zip(PARTS, (SMALL, LARGE), strict=False) if part in arguments.only]
        if sizes:
            _print_answers(subjects, sizes, arguments.rounds)
        if "writes" in arguments.only:
            _print_writes(subjects)
        if "inside" in arguments.only:
            _print_inside(subjects[0], arguments.rounds)


def warm_up(subject: Subject) -> None:
    """Have the process import all that it needs."""
    comparison_id = subject.create((2, 3), 900_000)
    subject.endings.end(comparison_id, but=1)
    for kind, path in PATHS.items():
        if subject.knows_answer(kind):
            subject.cpu_ms(f"/comparisons/{comparison_id}{path}")


def _print_answers(subjects: list[Subject], sizes: list[tuple[int, int]], rounds: int) -> None:
    for subject in subjects:
        warm_up(subject)
    print(
        "| jobs | state | answer | CPU ms when something has changed | again | with ETag | new / old | again / old |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for size in sizes:
        for (state, kind, new), *others in zip(
            *(answers(each, size, rounds) for each in subjects), strict=True
        ):
            old = [other[2] for other in others]
            has_old = bool(old) and not math.isnan(old[0][0])
            beside = f" (old {old[0][0]:.1f})" if has_old else ""
            ratios = f"{new[0] / old[0][0]:.3f} | {max(new[1:]) / old[0][1]:.3f}" if has_old else "- | -"
            print(
                f"| {size[0] * size[1]} | {state} | {kind} | {new[0]:.1f}{beside} | {new[1]:.2f} | {new[2]:.2f} | "
                f"{ratios} |",
                flush=True,
            )


def _print_inside(subject: Subject, rounds: int) -> None:
    epochs = LONG_EPOCHS
    print()
    print(f"| of {epochs:,} measured epochs | CPU ms when something has changed | again | with ETag |")
    print("| --- | --- | --- | --- |")
    for kind, figures in inside(subject, rounds):
        print(f"| {kind} | {' | '.join(f'{figure:.1f}' for figure in figures)} |", flush=True)


def _print_writes(subjects: list[Subject]) -> None:
    print()
    print("| build | POST, s | CPU s | lock, s | p99 of GET /jobs/{id} before, ms | meanwhile | times |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for subject in subjects:
        seeds = iter(range(100_000, 1_000_000, 1_000))
        subject.create(SMALL, next(seeds))
        seconds, cpu, lock, before, meanwhile = submission(subject, seeds)
        print(
            f"| {subject.build.name} | {seconds:.2f} | {cpu:.2f} | {lock:.3f} | {before:.1f} | {meanwhile:.1f} | "
            f"{meanwhile / before:.2f} |",
            flush=True,
        )
    print()
    print("| build | cancel, s | lock, s | delete with jobs, s | lock, s |")
    print("| --- | --- | --- | --- | --- |")
    for subject in subjects:
        figures = endings_of_large_ones(subject, iter(range(1_000_000, 2_000_000, 1_000)))
        print(f"| {subject.build.name} | {' | '.join(f'{figure:.3f}' for figure in figures)} |", flush=True)


if __name__ == "__main__":
    main()
