"""A job's measurements as they are stored, which the service itself reads in pages and as plain rows."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from normlab.store.measurements import Measurement


def measurements_of(session: Session, job_id: str) -> Sequence[Measurement]:
    """By probe, layer, statistic and step."""
    query = select(Measurement).where(Measurement.job_id == job_id)
    return session.scalars(query.order_by(*Measurement.__table__.primary_key)).all()
