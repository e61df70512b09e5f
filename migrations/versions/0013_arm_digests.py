"""An index of arms by what they train: each look at a running comparison asks which others have looked at its arms."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_comparison_arms_arm_digest_comparison_id", "comparison_arms", ["arm_digest", "comparison_id"]
    )


def downgrade() -> None:
    op.drop_index("ix_comparison_arms_arm_digest_comparison_id", "comparison_arms")
