"""Measurements of probes; what a key's answer is about; a comparison's result, and its maximum by the usual word."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "measurements",
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("probe", sa.String(length=64), nullable=False),
        sa.Column("layer", sa.String(length=200), nullable=False),
        sa.Column("statistic", sa.String(length=64), nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_measurements_job_id_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "probe", "layer", "statistic", "step", name="pk_measurements"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_measurements_statistic", "measurements", ["probe", "layer", "statistic", "job_id"])

    op.add_column("idempotency_keys", sa.Column("resource", sa.String(length=40), nullable=True))
    op.create_index("ix_idempotency_keys_resource", "idempotency_keys", ["resource"])
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    answered_id = "json_extract(response, '$.id')" if is_sqlite else "response ->> 'id'"
    op.execute(f"UPDATE idempotency_keys SET resource = {answered_id}")  # noqa: S608 - one of the two above

    op.add_column("comparisons", sa.Column("result", sa.JSON(), nullable=True))
    # Not alembic's way, which on SQLite makes the table anew and with it loses what refers to it.
    op.execute("ALTER TABLE comparisons RENAME COLUMN most_replicates TO max_replicates")


def downgrade() -> None:
    op.execute("ALTER TABLE comparisons RENAME COLUMN max_replicates TO most_replicates")
    op.drop_column("comparisons", "result")
    op.drop_index("ix_idempotency_keys_resource", "idempotency_keys")
    op.drop_column("idempotency_keys", "resource")
    op.drop_table("measurements")
