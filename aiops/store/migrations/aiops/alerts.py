"""Keep what outside monitors report, and which symptoms did not come from our own ticks."""

import sqlalchemy as sa
from alembic import op

revision = "aiops_0011"
down_revision = "aiops_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the alerts, and to facts whether they came from outside; so far none did."""
    op.create_table(
        "alerts",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_firing", sa.Boolean(), nullable=False),
        sa.Column("is_mapped", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(op.f("ix_alerts_is_firing_seen_at"), "alerts", ["is_firing", "seen_at"])
    outside: sa.Column[bool] = sa.Column(
        "outside", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("symptom_facts", outside)
