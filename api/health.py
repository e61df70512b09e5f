"""``/healthz``, ``/readyz``, and ``/``: is it there, can it work, what is there."""

import logging

from fastapi import APIRouter, Response
from sqlalchemy.exc import SQLAlchemyError

import migrations
from api.http.root_path import address
from api.http.services import Services, ServicesDependency
from normlab import __version__
from normlab.documents.service import Alive, Index, Readiness

router = APIRouter(tags=["health"])

_log = logging.getLogger(__name__)

OK = "ok"


@router.get("/", summary="What there is")
def index() -> Index:
    """The service's name and version, and where to begin."""
    paths = (
        "jobs",
        "models",
        "architectures",
        "datasets",
        "probes",
        "comparisons",
        "sweeps",
        "healthz",
        "readyz",
        "docs",
    )
    links = {path: address(f"/{path}") for path in paths}
    return Index(name="normlab", version=__version__, status="alive", links=links)


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Alive:
    """Answers as long as the process does; it looks at nothing else."""
    return Alive(status=OK)


@router.get(
    "/readyz",
    summary="Can the service work?",
    responses={503: {"model": Readiness, "description": "Something that is needed is missing."}},
)
def readyz(services: ServicesDependency, response: Response) -> Readiness:
    """Whether the database answers, has the tables this version expects, and the broker takes messages."""
    checks = {**check_database(services), "broker": _check_broker(services)}
    ready = all(result == OK for result in checks.values())
    if not ready:
        response.status_code = 503
    return Readiness(status="ready" if ready else "unavailable", checks=checks)


def check_database(services: Services) -> dict[str, str]:
    """Whether the database answers, and has the tables that this version expects: ``OK``, or what is wrong."""
    try:
        current = migrations.is_current(services.database)
    except SQLAlchemyError as error:
        _log.warning("the database does not answer: %s", error)
        return {"database": "does not answer", "migrations": "unknown: the database does not answer"}
    return {"database": OK, "migrations": OK if current else "not applied: run `normlab-migrate`"}


def _check_broker(services: Services) -> str:
    if services.notifier.pending() is None:
        return "does not answer; jobs are stored and wait until it does"
    return OK
