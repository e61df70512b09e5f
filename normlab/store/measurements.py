"""What probes measured inside networks: one number a row, so that a new probe needs no new column."""

from collections.abc import Collection, Sequence
from dataclasses import asdict

from sqlalchemy import ForeignKey, Index, Integer, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from normlab.spec.measurements import Measured
from normlab.store.base import Base
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
        # The primary key is the order in which one job is read; this is the one for a statistic of many jobs.
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
    rows = [{"job_id": job_id, "attempt": attempt, **asdict(item)} for item in measured]
    session.connection().execute(statement, rows)


def of_job(session: Session, job_id: str, probe: str | None = None) -> Sequence[Measurement]:
    """A job's measurements, of one probe or of all; by probe, layer, statistic and step."""
    query = select(Measurement).where(Measurement.job_id == job_id)
    if probe is not None:
        query = query.where(Measurement.probe == probe)
    return session.scalars(query.order_by(*Measurement.__table__.primary_key)).all()


def of_jobs(
    session: Session, job_ids: Collection[str], *, probe: str, layer: str, statistic: str
) -> Sequence[Measurement]:
    """One statistic of one layer in several jobs; by job and step."""
    wanted = (Measurement.probe == probe, Measurement.layer == layer, Measurement.statistic == statistic)
    query = select(Measurement).where(*wanted, Measurement.job_id.in_(job_ids))
    return session.scalars(query.order_by(Measurement.job_id, Measurement.step)).all()


def forget(session: Session, job_id: str, *, after_epoch: int = -1) -> None:
    """Delete what was measured after an epoch, by default everything: the job is trained anew or ended sooner."""
    gone = (Measurement.job_id == job_id, Measurement.epoch > after_epoch)
    session.execute(delete(Measurement).where(*gone), execution_options={"synchronize_session": False})
