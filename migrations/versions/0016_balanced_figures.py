"""Balanced accuracy and macro F1 of epochs: what comparisons and their curves are by where classes are not even.

In columns and not only in a job's result, since learning curves and bands over epochs need them of every epoch. Of
epochs that were stored before they are not known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_NAMES = ("val_balanced_accuracy", "val_macro_f1")


def upgrade() -> None:
    for name in _NAMES:
        op.add_column("epochs", sa.Column(name, sa.Float(53), nullable=True))


def downgrade() -> None:
    for name in reversed(_NAMES):
        op.drop_column("epochs", name)
