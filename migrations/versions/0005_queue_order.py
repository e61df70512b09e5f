"""Indexes in the queue's order, and by end for what was measured last."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_jobs_state_priority_queued_at", "jobs")
    op.create_index(
        "ix_jobs_queue", "jobs", ["state", sa.text("priority DESC"), "queued_at", "id", "arm_digest"]
    )
    op.create_index("ix_jobs_state_finished_at", "jobs", ["state", "finished_at"])


def downgrade() -> None:
    op.drop_index("ix_jobs_state_finished_at", "jobs")
    op.drop_index("ix_jobs_queue", "jobs")
    op.create_index("ix_jobs_state_priority_queued_at", "jobs", ["state", "priority", "queued_at"])
