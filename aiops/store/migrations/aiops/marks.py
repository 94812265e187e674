"""Keep what people say of series."""

import sqlalchemy as sa
from alembic import op

revision = "aiops_0002"
down_revision = "aiops_0001"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table of marks."""
    op.create_table(
        "marks",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marks")),
    )
