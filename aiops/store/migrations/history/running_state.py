"""Give shards a version, and running states a table of their own."""

import sqlalchemy as sa
from alembic import op

revision = "history_0003"
down_revision = "history_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the version of a shard's series; move states to a table of their own."""
    with op.batch_alter_table("shards") as shards:
        shards.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("states") as states:
        states.add_column(sa.Column("saved", sa.BigInteger(), nullable=True))
    op.create_table(
        "checkpoints",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("shard_id", sa.String(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["shard_id"], ["shards.id"], name=op.f("fk_checkpoints_shard_id")),
        sa.PrimaryKeyConstraint("shard_id", name=op.f("pk_checkpoints")),
    )
    op.execute("UPDATE states SET saved = cursor")
    op.execute(
        "INSERT INTO checkpoints (origin, shard_id, blob)"
        " SELECT origin, shard_id, blob FROM states WHERE blob IS NOT NULL"
    )
    with op.batch_alter_table("states") as states:
        states.drop_column("blob")
