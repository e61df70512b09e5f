"""Datasets that people bring: names, numbered versions, the files that belong to them, and who uses them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from normlab.store.clock import UtcTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "dataset_names",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_dataset_names"),
    )
    op.create_table(
        "datasets",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("finished_at", UtcTime(), nullable=True),
        sa.Column("options", DOCUMENT, nullable=False),
        sa.Column("source", DOCUMENT, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lost_attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_expires_at", UtcTime(), nullable=True),
        sa.Column("cancel_requested_at", UtcTime(), nullable=True),
        sa.Column("progress", DOCUMENT, nullable=True),
        sa.Column("content", DOCUMENT, nullable=True),
        sa.Column("content_digest", sa.String(length=80), nullable=True),
        sa.Column("reading", DOCUMENT, nullable=True),
        sa.Column("card", DOCUMENT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["name"], ["dataset_names.name"], name="fk_datasets_name_dataset_names"),
        sa.PrimaryKeyConstraint("id", name="pk_datasets"),
        sa.UniqueConstraint("name", "version", name="uq_datasets_name_version"),
    )
    op.create_index("ix_datasets_state_created_at", "datasets", ["state", "created_at"])
    op.create_index("ix_datasets_content_digest", "datasets", ["content_digest"])
    op.create_table(
        "dataset_files",
        sa.Column("dataset_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name="fk_dataset_files_dataset_id_datasets", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dataset_id", "name", name="pk_dataset_files"),
    )
    op.create_table(
        "dataset_uses",
        sa.Column("used_by", sa.String(length=40), nullable=False),
        sa.Column("dataset_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name="fk_dataset_uses_dataset_id_datasets"),
        sa.PrimaryKeyConstraint("used_by", "dataset_id", name="pk_dataset_uses"),
    )
    op.create_index("ix_dataset_uses_dataset_id", "dataset_uses", ["dataset_id"])


def downgrade() -> None:
    op.drop_table("dataset_uses")
    op.drop_table("dataset_files")
    op.drop_table("datasets")
    op.drop_table("dataset_names")
