"""Processes that train jobs."""

import sqlalchemy as sa
from alembic import op

from normlab.store.clock import UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "worker_children",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("has_gpu", sa.Boolean(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_worker_children"),
    )


def downgrade() -> None:
    op.drop_table("worker_children")
