"""The requests that are measured: single jobs, and every list, filter, order and page that the API offers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from urllib.parse import urlencode

import httpx
from copies import digits

from normlab.documents.jobs import JobOrder

SPEC = {"architecture": "batch_norm", "training": {"epochs": 10}, "dataset": {"name": "digits"}}
SMALL = 3
"""A page of lists with filters: of a hundred jobs, too, so many fulfil each filter behind the middle of the list."""
END = 6
"""So many last letters of an id are its alone."""
OLD_FILTERS = {"state", "tag", "name", "limit", "cursor"}
"""What the build of commit 80836b3 looks at: it ignores other parameters."""

Ask = Callable[[httpx.Client], httpx.Response]


@dataclass(frozen=True)
class Case:
    """A request, and whether an older build understands it."""

    ask: Ask
    old: bool = True


def cases(count: int) -> dict[str, Case]:
    """By name; ``count`` jobs are there."""
    last, middle = (f"job_00{digits(number)}" for number in (count - 1, count // 2))
    comparison = f"cmp_00{digits(count // 2)}"
    single = {"GET /jobs/{id}": f"/jobs/{last}", "GET /jobs/{id}/metrics": f"/jobs/{last}/metrics"}
    found: dict[str, Case] = {"POST /jobs": Case(lambda http: http.post("/jobs", json=SPEC))}
    found |= {name: _get(path) for name, path in single.items()}
    found["GET /jobs?limit=50"] = _get("/jobs?limit=50")
    for (name, query), order, deep in product(_filters(middle).items(), JobOrder, (False, True)):
        parameters = [*query, ("sort", order.value), ("limit", str(SMALL))]
        what = " ".join(filter(None, [name, order.value, deep and "from the middle"]))
        if deep:
            parameters.append(("cursor", middle))
        old = order is JobOrder.NEWEST and {key for key, _ in query} <= OLD_FILTERS
        found[f"jobs: {what}"] = _get(f"/jobs?{urlencode(parameters)}", old=old)
    of_comparisons = {"": "", "state": "&state=finished", "name": "&name=n1", "deep": f"&cursor={comparison}"}
    for name, query in of_comparisons.items():
        found[f"comparisons: {name}"] = _get(f"/comparisons?limit={SMALL}{query}")
    found["comparisons: end of an id"] = _get(f"/comparisons?id={comparison[-END:]}", old=False)
    found["models"] = _get(f"/models?limit={SMALL}")
    found["models: deep"] = _get(f"/models?limit={SMALL}&cursor=m{digits(count // 2)}")
    found["events of a job"] = _get(f"/jobs/{last}/events")
    return found


def _filters(job: str) -> Mapping[str, list[tuple[str, str]]]:
    return {
        "": [],
        "state": [("state", "succeeded")],
        "states": [("state", "failed"), ("state", "cancelled")],
        "tag of all": [("tag", "all")],
        "tag": [("tag", "t1")],
        "rare tag": [("tag", "rare")],
        "two tags": [("tag", "t1"), ("tag", "all")],
        "tag, state": [("tag", "t1"), ("state", "failed")],
        "name": [("name", "n1")],
        "rare name": [("name", "rare")],
        "dataset": [("dataset", "digits")],
        "preset": [("preset", "batch_norm")],
        "preset, dataset, name": [("preset", "baseline"), ("dataset", "fashion_mnist"), ("name", "n1")],
        "rare tag, dataset": [("tag", "rare"), ("dataset", "digits")],
        "end of an id": [("id", job[-END:])],
        "whole id": [("id", job)],
        "beginning of ids": [("id", job[:6])],
    }


def _get(path: str, *, old: bool = True) -> Case:
    return Case(lambda http: http.get(path), old)
