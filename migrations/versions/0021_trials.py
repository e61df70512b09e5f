"""Trials: claims about two arms that are asked together, the jobs that they need, and their events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from normlab.store.clock import UtcTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "trials",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("id_end", sa.String(length=2), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("stop_reason", sa.String(32), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("finished_at", UtcTime(), nullable=True),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("question", JSON, nullable=False),
        sa.Column("arms", JSON, nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("probes", sa.JSON(), nullable=False),
        sa.Column("base_seed", sa.BigInteger(), nullable=False),
        sa.Column("replicates", sa.Integer(), nullable=False),
        sa.Column("max_replicates", sa.Integer(), nullable=False),
        sa.Column("fresh", sa.Boolean(), nullable=False),
        sa.Column("ends_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_trials"),
    )
    op.create_index("ix_trials_state_id", "trials", ["state", "id"])
    op.create_index("ix_trials_name_state_id", "trials", ["name", "state", "id"])
    op.create_index("ix_trials_id_end_id", "trials", ["id_end", "id"])
    op.create_table(
        "trial_jobs",
        sa.Column("trial_id", sa.String(length=40), nullable=False),
        sa.Column("replicate", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("setting", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("arm", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("reused", sa.Boolean(), nullable=False),
        sa.Column("ended", sa.String(32), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_trial_jobs_job_id_jobs"),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["trials.id"], name="fk_trial_jobs_trial_id_trials", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("trial_id", "replicate", "setting", "arm", name="pk_trial_jobs"),
    )
    op.create_index("ix_trial_jobs_job_id", "trial_jobs", ["job_id"])
    op.create_table(
        "trial_events",
        sa.Column("trial_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["trials.id"], name="fk_trial_events_trial_id_trials", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("trial_id", "number", name="pk_trial_events"),
    )


def downgrade() -> None:
    for table in ("trial_events", "trial_jobs", "trials"):
        op.drop_table(table)
