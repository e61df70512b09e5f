"""Progress in the job's row alone; an index of the events that answers about a job tell.

Progress was an event a second, kept for ever and read by every answer about the job. The newest was in the job's row
as well; it gets its moment here. Downgrading has nothing to bring back: an earlier version reads the row, too, and a
running job reports anew within a second. Events keep their numbers, so who resumes a stream misses nothing.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from normlab.store.clock import UtcTime, rfc3339

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
JOBS = sa.table(
    "jobs", sa.column("id"), sa.column("state"), sa.column("attempt"), sa.column("progress", JSON)
)
EVENTS = sa.table("events", sa.column("job_id"), sa.column("kind"), sa.column("at", UtcTime()))


def upgrade() -> None:
    connection = op.get_bind()
    running = (
        sa.select(JOBS.c.id, JOBS.c.attempt, JOBS.c.progress, sa.func.max(EVENTS.c.at))
        .join(EVENTS, EVENTS.c.job_id == JOBS.c.id)
        .where(JOBS.c.state == "running", JOBS.c.progress.is_not(None), EVENTS.c.kind == "progress")
        .group_by(JOBS.c.id, JOBS.c.attempt, JOBS.c.progress)
    )
    for job_id, attempt, progress, at in connection.execute(running).all():
        dated = progress | {"at": rfc3339(at), "attempt": attempt}
        connection.execute(JOBS.update().where(JOBS.c.id == job_id).values(progress=dated))
    connection.execute(EVENTS.delete().where(EVENTS.c.kind == "progress"))
    told = sa.text("kind IN ('state', 'warning')")
    op.create_index(
        "ix_events_told",
        "events",
        ["job_id", "number"],
        sqlite_where=told,
        postgresql_where=told,
    )


def downgrade() -> None:
    op.drop_index("ix_events_told", "events")
