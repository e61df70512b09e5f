"""One event a job that says up to where there are measurements: a newer one takes the place of the one before.

Of those that earlier versions stored, up to one a second, the newest is kept. Events keep their numbers, so who resumes
a stream misses nothing. Downgrading has nothing to bring back.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

EVENTS = sa.table("events", sa.column("job_id"), sa.column("kind"), sa.column("number"))


def upgrade() -> None:
    connection = op.get_bind()
    newest = (
        sa.select(EVENTS.c.job_id, sa.func.max(EVENTS.c.number).label("number"))
        .where(EVENTS.c.kind == "measured")
        .group_by(EVENTS.c.job_id)
        .subquery()
    )
    has_newer = sa.exists().where(newest.c.job_id == EVENTS.c.job_id, newest.c.number > EVENTS.c.number)
    connection.execute(EVENTS.delete().where(EVENTS.c.kind == "measured", has_newer))
    measured = sa.text("kind = 'measured'")
    op.create_index(
        "ix_events_measured", "events", ["job_id", "number"], sqlite_where=measured, postgresql_where=measured
    )


def downgrade() -> None:
    op.drop_index("ix_events_measured", "events")
