"""Arms of a comparison may have seeds of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("comparison_arms", sa.Column("base_seed", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("comparison_arms", "base_seed")
