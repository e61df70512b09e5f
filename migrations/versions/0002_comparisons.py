"""Comparisons: their arms, the jobs that stand for them, and their events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from normlab.store.clock import UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "comparisons",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("stop_reason", sa.String(32), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("finished_at", UtcTime(), nullable=True),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("question", JSON, nullable=False),
        sa.Column("base_seed", sa.BigInteger(), nullable=False),
        sa.Column("replicates", sa.Integer(), nullable=False),
        sa.Column("most_replicates", sa.Integer(), nullable=False),
        sa.Column("fresh", sa.Boolean(), nullable=False),
        sa.Column("verdicts", JSON, nullable=True),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_comparisons"),
    )
    op.create_index("ix_comparisons_state", "comparisons", ["state"])

    op.create_table(
        "comparison_arms",
        sa.Column("comparison_id", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("spec", JSON, nullable=False),
        sa.Column("arm_digest", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["comparison_id"],
            ["comparisons.id"],
            name="fk_comparison_arms_comparison_id_comparisons",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("comparison_id", "position", name="pk_comparison_arms"),
    )
    op.create_table(
        "comparison_jobs",
        sa.Column("comparison_id", sa.String(length=40), nullable=False),
        sa.Column("replicate", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("arm", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("reused", sa.Boolean(), nullable=False),
        sa.Column("ended", sa.String(32), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_comparison_jobs_job_id_jobs"),
        sa.ForeignKeyConstraint(
            ["comparison_id", "arm"],
            ["comparison_arms.comparison_id", "comparison_arms.position"],
            name="fk_comparison_jobs_comparison_id_arm_comparison_arms",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("comparison_id", "replicate", "arm", name="pk_comparison_jobs"),
    )
    op.create_index("ix_comparison_jobs_job_id", "comparison_jobs", ["job_id"])
    op.create_table(
        "comparison_events",
        sa.Column("comparison_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["comparison_id"],
            ["comparisons.id"],
            name="fk_comparison_events_comparison_id_comparisons",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("comparison_id", "number", name="pk_comparison_events"),
    )


def downgrade() -> None:
    for table in ("comparison_events", "comparison_jobs", "comparison_arms", "comparisons"):
        op.drop_table(table)
