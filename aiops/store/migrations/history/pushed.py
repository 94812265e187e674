"""Keep what sources push until its ticks are closed."""

import sqlalchemy as sa
from alembic import op

revision = "history_0008"
down_revision = "history_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of pushed samples, of the series they are of, and of what was not kept."""
    op.create_table(
        "pushed_sources",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("next_number", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("closed", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_pushed_sources")),
    )
    op.create_table(
        "raw_series",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "number", name=op.f("pk_raw_series")),
        sa.UniqueConstraint("source", "fingerprint", name=op.f("uq_raw_series_source_fingerprint")),
    )
    op.create_table(
        "pushed_samples",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pushed_samples")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_pushed_samples_source_id"), "pushed_samples", ["source", "id"])
    op.create_table(
        "passed_metrics",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("samples", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "metric", name=op.f("pk_passed_metrics")),
    )
