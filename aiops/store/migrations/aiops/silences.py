"""Keep what nobody is to be told of for a while."""

import sqlalchemy as sa
from alembic import op

revision = "aiops_0006"
down_revision = "aiops_0005"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table of silences."""
    op.create_table(
        "silences",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silences")),
    )
    op.create_index(op.f("ix_silences_ends_at"), "silences", ["ends_at"])
