"""Keep what owners are told in one message."""

import sqlalchemy as sa
from alembic import op

revision = "aiops_0008"
down_revision = "aiops_0007"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables of what waits for a digest, and of digests."""
    op.create_table(
        "held_back",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("incident_id", "episode", name=op.f("pk_held_back")),
    )
    op.create_index(
        "ix_held_back_waiting",
        "held_back",
        ["owner"],
        sqlite_where=sa.text("digest_id IS NULL"),
        postgresql_where=sa.text("digest_id IS NULL"),
    )
    op.create_table(
        "digests",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digests")),
    )
