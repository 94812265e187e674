"""Count by the minute what others send of their own accord."""

import sqlalchemy as sa
from alembic import op

revision = "history_0007"
down_revision = "history_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "feed_minutes",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("env", sa.String(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "env", "minute", name=op.f("pk_feed_minutes")),
    )
