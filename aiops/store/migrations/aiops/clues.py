"""Keep what logs and traces come down to."""

import sqlalchemy as sa
from alembic import op

revision = "aiops_0004"
down_revision = "aiops_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of templates, counts, examples and calls."""
    op.create_table(
        "listening",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("env", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("env", name=op.f("pk_listening")),
    )
    op.create_table(
        "log_templates",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("env", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("env", "service", "number", name=op.f("pk_log_templates")),
    )
    for name, content in (("log_minutes", "counts"), ("trace_minutes", "doc")):
        op.create_table(
            name,
            sa.Column("origin", sa.String(), nullable=False),
            sa.Column("env", sa.String(), nullable=False),
            sa.Column("service", sa.String(), nullable=False),
            sa.Column("minute", sa.BigInteger(), nullable=False),
            sa.Column(content, sa.Text(), nullable=False),
            sa.PrimaryKeyConstraint("env", "service", "minute", name=op.f(f"pk_{name}")),
        )
        op.create_index(op.f(f"ix_{name}_minute"), name, ["minute"])
    op.create_table(
        "service_calls",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("env", sa.String(), nullable=False),
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("callee", sa.String(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("env", "caller", "callee", name=op.f("pk_service_calls")),
    )
