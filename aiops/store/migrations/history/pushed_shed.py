"""Count the bodies of samples that were deleted before they were worked."""

import sqlalchemy as sa
from alembic import op

revision = "history_0011"
down_revision = "history_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the count; so far there were none."""
    op.add_column(
        "pushed_sources", sa.Column("shed", sa.BigInteger(), nullable=False, server_default="0")
    )
