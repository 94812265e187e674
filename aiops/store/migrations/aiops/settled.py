"""Keep whether there is anything left to group in an environment."""

import sqlalchemy as sa
from alembic import op

revision = "aiops_0003"
down_revision = "aiops_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is known of changes and of grouping; at first, nothing."""
    changes = sa.Column("changes", sa.String(), nullable=False, server_default="")
    settled: sa.Column[bool] = sa.Column(
        "settled", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("environments", changes)
    op.add_column("environments", settled)
