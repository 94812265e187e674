"""Keep how each sink stands, and what goes first where not everything can."""

import sqlalchemy as sa
from alembic import op

revision = "aiops_0005"
down_revision = "aiops_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add how sinks stand; what waits already is as urgent as a P1."""
    urgency: sa.Column[int] = sa.Column(
        "urgency", sa.Integer(), nullable=False, server_default=sa.text("1")
    )
    op.add_column("outbox", urgency)
    op.drop_index("ix_outbox_undelivered", "outbox")
    op.create_index(
        "ix_outbox_undelivered",
        "outbox",
        ["sink", "urgency", "next_attempt_at"],
        sqlite_where=sa.text("state IN ('pending', 'sending')"),
        postgresql_where=sa.text("state IN ('pending', 'sending')"),
    )
    op.create_table(
        "sinks",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("closed_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sinks")),
    )
