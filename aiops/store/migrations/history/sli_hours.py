"""Keep the indicators of journeys by the hour."""

import sqlalchemy as sa
from alembic import op

revision = "history_0006"
down_revision = "history_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "sli_hours",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("env", sa.String(), nullable=False),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.Column("bad", sa.Float(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("env", "indicator", "at", name=op.f("pk_sli_hours")),
    )
