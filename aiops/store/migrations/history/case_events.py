"""Keep case events, and how many rows of what they came in were none."""

import sqlalchemy as sa
from alembic import op

revision = "history_0009"
down_revision = "history_0008"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make their tables."""
    op.create_table(
        "case_events",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("amount", sa.String(), nullable=True),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_events")),
        sa.UniqueConstraint("key", name=op.f("uq_case_events_key")),
    )
    op.create_index(op.f("ix_case_events_log_case_id_at"), "case_events", ["log", "case_id", "at"])
    op.create_index(op.f("ix_case_events_log_at"), "case_events", ["log", "at"])
    op.create_table(
        "case_refusals",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log", "digest", name=op.f("pk_case_refusals")),
    )
