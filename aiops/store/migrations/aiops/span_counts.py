"""Keep how many requests spans tell of, how long they took and how they ended."""

import sqlalchemy as sa
from alembic import op

revision = "aiops_0015"
down_revision = "aiops_0014"
branch_labels = None
depends_on = None

KEYS = ("minute", "env", "service", "caller", "is_callers", "region", "segment", "failed", "bucket")


def upgrade() -> None:
    """Make the table; the minute comes first, for that is what it is read and pruned by."""
    op.create_table(
        "span_counts",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("env", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("is_callers", sa.Boolean(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*KEYS, name=op.f("pk_span_counts")),
    )
