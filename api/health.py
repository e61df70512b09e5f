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

_OK = "ok"


@router.get("/", summary="What there is")
def index() -> Index:
    """The service's name and version, and where to begin."""
    paths = ("jobs", "models", "architectures", "datasets", "comparisons", "healthz", "readyz", "docs")
    links = {path: address(f"/{path}") for path in paths}
    return Index(name="normlab", version=__version__, status="alive", links=links)


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Alive:
    """Answers as long as the process does; it looks at nothing else."""
    return Alive(status=_OK)


@router.get(
    "/readyz",
    summary="Can the service work?",
    responses={503: {"model": Readiness, "description": "Something that is needed is missing."}},
)
def readyz(services: ServicesDependency, response: Response) -> Readiness:
    """Whether the database answers, has the tables this version expects, and the broker takes messages."""
    checks = {**_check_database(services), "broker": _check_broker(services)}
    ready = all(result == _OK for result in checks.values())
    if not ready:
        response.status_code = 503
    return Readiness(status="ready" if ready else "unavailable", checks=checks)


def is_current(services: Services) -> bool:
    """Whether the database has the tables that this version expects; raises ``SQLAlchemyError``."""
    return migrations.is_current(services.database)


def _check_database(services: Services) -> dict[str, str]:
    try:
        current = is_current(services)
    except SQLAlchemyError as error:
        _log.warning("the database does not answer: %s", error)
        return {"database": "does not answer", "migrations": "unknown: the database does not answer"}
    return {"database": _OK, "migrations": _OK if current else "not applied: run `python -m migrations`"}


def _check_broker(services: Services) -> str:
    if services.notifier.pending() is None:
        return "does not answer; jobs are stored and wait until it does"
    return _OK
