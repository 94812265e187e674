"""Keep the pages that others sent."""

import sqlalchemy as sa
from alembic import op

revision = "aiops_0007"
down_revision = "aiops_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the pager's incidents that are not ours."""
    op.create_table(
        "outside_pages",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_pages")),
    )
    op.create_index(op.f("ix_outside_pages_opened_at"), "outside_pages", ["opened_at"])
