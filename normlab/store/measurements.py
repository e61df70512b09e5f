"""What probes measured inside networks: one number a row, so that a new probe needs no new column."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, ForeignKey, Index, Integer, Row, String, and_, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from normlab.spec.measurements import Measured
from normlab.store.base import Base, table_of
from normlab.store.upsert import insert


class Measurement(Base):
    """A stored ``Measured``. A later attempt that trains the step again overwrites it."""

    __tablename__ = "measurements"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    probe: Mapped[str] = mapped_column(String(64), primary_key=True)
    layer: Mapped[str] = mapped_column(String(200), primary_key=True)
    statistic: Mapped[str] = mapped_column(String(64), primary_key=True)
    step: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    epoch: Mapped[int] = mapped_column(Integer)
    attempt: Mapped[int] = mapped_column(Integer)
    value: Mapped[float]

    __table_args__ = (
        # The primary key is the order in which one job is read, and in which all reading is done. This is for one
        # statistic of many jobs, which nothing asks for: it is here because databases have it.
        Index("ix_measurements_statistic", "probe", "layer", "statistic", "job_id"),
        # On SQLite the rows lie in the primary key's order themselves, without a second copy of it.
        {"sqlite_with_rowid": False},
    )


def store(session: Session, job_id: str, attempt: int, measured: Collection[Measured]) -> None:
    """Store a batch, over what earlier attempts stored for the same steps.

    The caller has made sure in this transaction that the attempt still has the job.
    """
    if not measured:
        return
    statement = insert(session, Measurement)
    statement = statement.on_conflict_do_update(
        index_elements=list(Measurement.__table__.primary_key),
        set_={column: statement.excluded[column] for column in ("epoch", "attempt", "value")},
    )
    rows = [{"job_id": job_id, "attempt": attempt, **vars(item)} for item in measured]
    session.connection().execute(statement, rows)


@dataclass(frozen=True)
class MeasurementFilter:
    """Which of a job's measurements; of each kind one of several, or all if none is named."""

    probes: Collection[str] = ()
    layers: Collection[str] = ()
    epochs: Collection[int] = ()


MeasurementRow: TypeAlias = Row[int, int, str, str, str, float]
"""Epoch, step, probe, layer, statistic, value: a plain row, of which ten thousand are no burden."""


def page(
    session: Session, job_id: str, wanted: MeasurementFilter, *, after_step: int = -1, limit: int
) -> tuple[Sequence[MeasurementRow], int | None]:
    """A job's measurements behind a step, in any order, and the step behind which there are more, if there are.

    At most ``limit``, but for the last step, of which all are given, so that the next page can begin behind it.
    """
    behind = and_(_of(job_id, wanted), _table.c.step > after_step)
    # In the order in which they lie: to sort them takes as long as to read them, and is not needed for a page of all.
    rows = session.execute(select(*_ROW).where(behind).limit(limit + 1)).all()
    if len(rows) <= limit:
        return rows, None
    last = _last_step(session, behind, limit)
    rows = session.execute(select(*_ROW).where(behind, _table.c.step <= last)).all()
    more = session.scalar(select(_table.c.step).where(behind, _table.c.step > last).limit(1))
    return rows, None if more is None else last


def _last_step(session: Session, condition: ColumnElement[bool], rows: int) -> int:
    """The step of the last of so many rows, by step."""
    query = select(_table.c.step).where(condition).order_by(_table.c.step)
    step: int = session.execute(query.offset(rows - 1).limit(1)).scalar_one()
    return step


def rows_of_jobs(
    session: Session, job_ids: Collection[str], probes: Collection[str]
) -> dict[str, list[MeasurementRow]]:
    """All measurements of some probes in several jobs, by job."""
    by_job: dict[str, list[MeasurementRow]] = {job_id: [] for job_id in job_ids}
    columns: tuple[ColumnElement[Any], ...] = (*_ROW, _table.c.job_id)
    query = select(*columns).where(_table.c.job_id.in_(job_ids), _table.c.probe.in_(probes))
    for row in session.execute(query):
        by_job[row.job_id].append(row)
    return by_job


_table = table_of(Measurement)
_ROW: tuple[ColumnElement[Any], ...] = (
    _table.c.epoch,
    _table.c.step,
    _table.c.probe,
    _table.c.layer,
    _table.c.statistic,
    _table.c.value,
)


def _of(job_id: str, wanted: MeasurementFilter) -> ColumnElement[bool]:
    filters = [
        column.in_(values)
        for column, values in (
            (_table.c.probe, wanted.probes),
            (_table.c.layer, wanted.layers),
            (_table.c.epoch, wanted.epochs),
        )
        if values
    ]
    return and_(_table.c.job_id == job_id, *filters)


def forget(session: Session, job_id: str, *, after_step: int = -1) -> None:
    """Delete what was measured after a step, by default everything: the job is trained anew from there."""
    gone = (Measurement.job_id == job_id, Measurement.step > after_step)
    session.execute(delete(Measurement).where(*gone), execution_options={"synchronize_session": False})
