"""Errors and R² of epochs whose runs predict numbers, which have no accuracy: that column may be NULL from now on.

SQLite cannot change a column, so there the table is copied.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from normlab.store.clock import UtcTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_NAMES = ("mse", "rmse", "mae", "r2", "val_mse", "val_rmse", "val_mae", "val_r2")


def upgrade() -> None:
    _let_accuracy_be_null(nullable=True)
    for name in _NAMES:
        op.add_column("epochs", sa.Column(name, sa.Float(53), nullable=True))


def downgrade() -> None:
    for name in reversed(_NAMES):
        op.drop_column("epochs", name)
    # The version before cannot read such a job; its epochs are kept all the same.
    op.execute("UPDATE epochs SET accuracy = 0 WHERE accuracy IS NULL")
    _let_accuracy_be_null(nullable=False)


def _let_accuracy_be_null(*, nullable: bool) -> None:
    # Reflection would give times another type.
    times: tuple[sa.Column[Any], ...] = (sa.Column("recorded_at", UtcTime(), nullable=False),)
    with op.batch_alter_table("epochs", reflect_args=times) as table:
        table.alter_column("accuracy", existing_type=sa.Float(53), nullable=nullable)
