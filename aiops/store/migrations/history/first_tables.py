"""Make the first tables of the `history` database."""

import sqlalchemy as sa
from alembic import op

revision = "history_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    _make_shards()
    _make_series()
    _make_ticks()
    _make_profiles()
    _make_states()
    _make_kpi_ticks()


def _make_shards() -> None:
    op.create_table(
        "shards",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("env", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("step_seconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shards")),
    )
    op.create_index(op.f("ix_shards_env"), "shards", ["env"], unique=False)


def _make_series() -> None:
    op.create_table(
        "series",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("shard_id", sa.String(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["shard_id"], ["shards.id"], name=op.f("fk_series_shard_id")),
        sa.PrimaryKeyConstraint("shard_id", "slot", name=op.f("pk_series")),
        sa.UniqueConstraint("shard_id", "fingerprint", name=op.f("uq_series_shard_id_fingerprint")),
    )


def _make_ticks() -> None:
    op.create_table(
        "ticks",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("shard_id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["shard_id"], ["shards.id"], name=op.f("fk_ticks_shard_id")),
        sa.PrimaryKeyConstraint("shard_id", "at", name=op.f("pk_ticks")),
    )


def _make_profiles() -> None:
    op.create_table(
        "profiles",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("shard_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("fitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["shard_id"], ["shards.id"], name=op.f("fk_profiles_shard_id")),
        sa.PrimaryKeyConstraint("shard_id", "version", "part", name=op.f("pk_profiles")),
    )


def _make_states() -> None:
    op.create_table(
        "states",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("shard_id", sa.String(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=True),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        sa.Column("profile_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["shard_id"], ["shards.id"], name=op.f("fk_states_shard_id")),
        sa.PrimaryKeyConstraint("shard_id", name=op.f("pk_states")),
    )


def _make_kpi_ticks() -> None:
    op.create_table(
        "kpi_ticks",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("shard_id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("env", sa.String(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["shard_id"], ["shards.id"], name=op.f("fk_kpi_ticks_shard_id")),
        sa.PrimaryKeyConstraint("shard_id", "at", name=op.f("pk_kpi_ticks")),
    )
    op.create_index(op.f("ix_kpi_ticks_env_at"), "kpi_ticks", ["env", "at"], unique=False)
