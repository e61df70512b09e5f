"""An index of the jobs that succeeded last, with what their mean run times need, in place of one of all ends."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    succeeded = sa.text("state = 'succeeded'")
    op.create_index(
        "ix_jobs_last_runs",
        "jobs",
        ["finished_at", "started_at", "arm_digest"],
        sqlite_where=succeeded,
        postgresql_where=succeeded,
    )
    op.drop_index("ix_jobs_state_finished_at", "jobs")


def downgrade() -> None:
    op.create_index("ix_jobs_state_finished_at", "jobs", ["state", "finished_at"])
    op.drop_index("ix_jobs_last_runs", "jobs")
