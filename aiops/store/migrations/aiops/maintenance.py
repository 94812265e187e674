"""Keep planned work with a date."""

import sqlalchemy as sa
from alembic import op

revision = "aiops_0014"
down_revision = "aiops_0013"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table of planned work."""
    op.create_table(
        "maintenance",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("env", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_cancelled", sa.Boolean(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance")),
        sa.UniqueConstraint("source", "key", name=op.f("uq_maintenance_source_key")),
    )
    op.create_index(op.f("ix_maintenance_env_ends_at"), "maintenance", ["env", "ends_at"])
