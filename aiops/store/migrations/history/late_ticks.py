"""Keep values that come after their tick has closed."""

import sqlalchemy as sa
from alembic import op

revision = "history_0002"
down_revision = "history_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make their table, and note in the states how many of them are judged."""
    op.create_table(
        "late_ticks",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("shard_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["shard_id"], ["shards.id"], name=op.f("fk_late_ticks_shard_id")),
        sa.PrimaryKeyConstraint("shard_id", "number", name=op.f("pk_late_ticks")),
    )
    op.create_index(op.f("ix_late_ticks_shard_id_at"), "late_ticks", ["shard_id", "at"])
    with op.batch_alter_table("states") as states:
        states.add_column(sa.Column("late", sa.Integer(), nullable=False, server_default="0"))
