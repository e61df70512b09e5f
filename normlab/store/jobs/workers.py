"""Which processes train jobs at present: what is known of the queue's other end.

Nothing depends on it: who may have a job is decided by claims and leases alone.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.orm import Session

from normlab.store.base import table_of
from normlab.store.clock import Moment, database_now, seconds_from_now
from normlab.store.jobs.tables import WorkerChild
from normlab.store.prepared import Prepared, Transaction
from normlab.store.upsert import insert

SILENT_SECONDS = 60
"""A process that has given no sign of life for so long is not counted any more."""


_children = table_of(WorkerChild).c
_WORKFORCE = Prepared(
    select(func.count(), func.sum(case((_children.has_gpu, 1), else_=0)), database_now()).where(
        _children.seen_at >= seconds_from_now(-SILENT_SECONDS)
    )
)


@dataclass(frozen=True)
class Workforce:
    """How many processes train jobs, and how many of them have a GPU."""

    children: int
    with_gpu: int
    at: Moment
    """The moment that this is said of."""


def announce(session: Session, name: str, *, has_gpu: bool) -> None:
    """Say that this process trains jobs."""
    values = {"has_gpu": has_gpu, "seen_at": database_now()}
    session.execute(
        insert(session, WorkerChild)
        .values(name=name, **values)
        .on_conflict_do_update(index_elements=[WorkerChild.name], set_=values)
    )


def keep(session: Session, worker_prefix: str, living: Collection[str]) -> None:
    """Say which of a worker's announced processes still live; forget its others, and those long silent."""
    mine = WorkerChild.name.startswith(worker_prefix, autoescape=True)
    session.execute(update(WorkerChild).where(WorkerChild.name.in_(living)).values(seen_at=database_now()))
    session.execute(delete(WorkerChild).where(mine, WorkerChild.name.not_in(living)))
    silent = (
        select(WorkerChild.name)
        .where(WorkerChild.seen_at < seconds_from_now(-SILENT_SECONDS))
        .with_for_update(skip_locked=True)  # they may be another worker's that says so just now
    )
    session.execute(delete(WorkerChild).where(WorkerChild.name.in_(silent)))


def workforce(where: Transaction) -> Workforce:
    """Those that are there now."""
    ((children, with_gpu, at),) = _WORKFORCE.rows(where)
    return Workforce(children=children, with_gpu=with_gpu or 0, at=at)
