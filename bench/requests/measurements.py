"""What it costs the API to answer a job's measurements: ``python bench/requests/measurements.py --old CHECKOUT``.

Jobs of ``deep_sigmoid_with_batch_norm`` with about so many measurements, as its standard probes leave them; CPU
milliseconds of the API process for one answer, of the round that other load has disturbed the least. With ``--old``
beside another build, asked in turns.
"""

import argparse
import contextlib
import itertools
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import httpx
import numpy as np
import sqlalchemy as sa

sys.path.append(str(Path(__file__).parents[1]))

from builds import ROOT, Build, new_database, running

from normlab.spec import parse_job_spec, plan_job
from normlab.spec.probes import PROBES

SPEC = {"architecture": "deep_sigmoid_with_batch_norm"}
ROWS = (10_000, 30_000)
CASES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "JSON, all": ("probes", {}),
    "CSV, all": ("probes", {"Accept": "text/csv"}),
    "JSON, one probe": ("probes?probe=gradient", {}),
    "CSV, one probe": ("probes?probe=gradient", {"Accept": "text/csv"}),
    "JSON, one layer": ("probes?layer=dense_1", {}),
    "JSON, one epoch": ("probes?epoch=1", {}),
    "JSON, first 1,000": ("probes?limit=1000", {}),
    "diagnosis": ("diagnosis", {}),
}


def add_measurements(build: Build, rows: int) -> str:
    """A job with about so many, whose points are counted instead of those of a real run. Gives its id."""
    job: str = httpx.post(f"{build.url}/jobs", json=SPEC).raise_for_status().json()["id"]
    planned = plan_job(parse_job_spec(SPEC))
    series = [
        {"probe": row.name, "layer": layer, "statistic": statistic.name}
        for row in PROBES.values()
        if row.standard
        for statistic in row.statistics
        for layer in row.place_of(statistic.name).layers(planned) or ("",)
    ]
    points = range(rows // len(series))
    values = iter(np.random.default_rng(0).normal(size=len(series) * len(points)))
    written = [
        {
            "job_id": job,
            "attempt": 1,
            "epoch": point,
            "step": 100 * point,
            "value": float(next(values)),
            **each,
        }
        for point, each in itertools.product(points, series)
    ]
    engine, tables = sa.create_engine(build.database), sa.MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        connection.execute(tables.tables["measurements"].insert(), written)
    engine.dispose()
    return job


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--old", type=Path, help="another checkout to stand beside")
    parser.add_argument("--database", help="a Postgres, as postgresql+psycopg://…; default: SQLite")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=5, help="in a round (default: %(default)s)")
    options = parser.parse_args()
    checkouts = {"new": ROOT} | ({"old": options.old.resolve()} if options.old else {})
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        builds = [
            stack.enter_context(
                running(
                    name,
                    checkout,
                    folder / name,
                    new_database(options.database, name) if options.database else None,
                )
            )
            for name, checkout in checkouts.items()
        ]
        clients = [stack.enter_context(httpx.Client(base_url=build.url, timeout=60)) for build in builds]
        print(
            f"{'measurements':>12}  {'answer':18} {'bytes':>9}  " + "  ".join(f"{b.name:>9}" for b in builds)
        )
        for rows in ROWS:
            jobs = [add_measurements(build, rows) for build in builds]
            for name, (path, headers) in CASES.items():
                costs: list[list[float]] = [[] for _ in builds]
                size = 0
                for _ in range(options.rounds):
                    for build, client, job, seen in zip(builds, clients, jobs, costs, strict=True):
                        before = build.cpu_ms()
                        for _ in range(options.requests):
                            answer = client.get(f"/jobs/{job}/{path}", headers=headers)
                            size = len(answer.raise_for_status().content)
                        seen.append((build.cpu_ms() - before) / options.requests)
                milliseconds = "  ".join(f"{min(seen):6.1f} ms" for seen in costs)
                print(f"{rows:12,}  {name:18} {size:9,}  {milliseconds}", flush=True)


if __name__ == "__main__":
    main()
