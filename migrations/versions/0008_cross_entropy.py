"""The losses of epochs without the L2 penalty, which runs with different penalties are compared by."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("cross_entropy", "val_cross_entropy"):
        op.add_column("epochs", sa.Column(name, sa.Float(53), nullable=True))
    # Of jobs without a penalty they are known; in a document "l2" as a key stands in a penalty only.
    op.execute(
        "UPDATE epochs SET cross_entropy = loss, val_cross_entropy = val_loss "
        "WHERE job_id IN (SELECT id FROM jobs WHERE CAST(spec AS TEXT) NOT LIKE '%\"l2\":%')"
    )


def downgrade() -> None:
    for name in ("val_cross_entropy", "cross_entropy"):
        op.drop_column("epochs", name)
