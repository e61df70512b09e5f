"""Sweeps: their arms, the points of each, the jobs that stand for them, and their events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from normlab.store.clock import UtcTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "sweeps",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("id_end", sa.String(2), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("stop_reason", sa.String(32), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("finished_at", UtcTime(), nullable=True),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("question", JSON, nullable=False),
        sa.Column("base_seed", sa.BigInteger(), nullable=False),
        sa.Column("seeds", sa.Integer(), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("fresh", sa.Boolean(), nullable=False),
        sa.Column("widened", JSON, nullable=False),
        sa.Column("sentences", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sweeps"),
    )
    op.create_index("ix_sweeps_state_id", "sweeps", ["state", "id"])
    op.create_index("ix_sweeps_name_state_id", "sweeps", ["name", "state", "id"])
    op.create_index("ix_sweeps_id_end_id", "sweeps", ["id_end", "id"])
    op.create_table(
        "sweep_arms",
        sa.Column("sweep_id", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("spec", JSON, nullable=False),
        sa.Column("arm_digest", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["sweep_id"], ["sweeps.id"], name="fk_sweep_arms_sweep_id_sweeps", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sweep_id", "position", name="pk_sweep_arms"),
    )
    op.create_table(
        "sweep_points",
        sa.Column("sweep_id", sa.String(length=40), nullable=False),
        sa.Column("arm", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("values", JSON, nullable=False),
        sa.Column("epochs", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sweep_id", "arm"],
            ["sweep_arms.sweep_id", "sweep_arms.position"],
            name="fk_sweep_points_sweep_id_sweep_arms",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sweep_id", "arm", "round", "number", name="pk_sweep_points"),
    )
    op.create_table(
        "sweep_jobs",
        sa.Column("sweep_id", sa.String(length=40), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("arm", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seed", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("reused", sa.Boolean(), nullable=False),
        sa.Column("ended", sa.String(32), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_sweep_jobs_job_id_jobs"),
        sa.ForeignKeyConstraint(
            ["sweep_id", "arm", "round", "number"],
            ["sweep_points.sweep_id", "sweep_points.arm", "sweep_points.round", "sweep_points.number"],
            name="fk_sweep_jobs_sweep_id_sweep_points",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sweep_id", "round", "number", "arm", "seed", name="pk_sweep_jobs"),
    )
    op.create_index("ix_sweep_jobs_job_id", "sweep_jobs", ["job_id"])
    op.create_table(
        "sweep_events",
        sa.Column("sweep_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["sweep_id"], ["sweeps.id"], name="fk_sweep_events_sweep_id_sweeps", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sweep_id", "number", name="pk_sweep_events"),
    )


def downgrade() -> None:
    for table in ("sweep_events", "sweep_jobs", "sweep_points", "sweep_arms", "sweeps"):
        op.drop_table(table)
