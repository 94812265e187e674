"""Tell cheaply what a process may still hold: a version of each shard, the tick of each state."""

import sqlalchemy as sa
from alembic import op

revision = "history_0003"
down_revision = "history_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the version of a shard's series, and the tick that a stored state belongs to."""
    with op.batch_alter_table("shards") as shards:
        shards.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("states") as states:
        states.add_column(sa.Column("saved", sa.BigInteger(), nullable=True))
    op.execute("UPDATE states SET saved = cursor")
