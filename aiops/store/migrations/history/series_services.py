"""Give series the service that measures them, to be found by it."""

import sqlalchemy as sa
from alembic import op

revision = "history_0005"
down_revision = "history_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the service of each series, as its document names it, and an index."""
    with op.batch_alter_table("series") as series:
        series.add_column(sa.Column("service", sa.String(), nullable=False, server_default=""))
    named = {
        "sqlite": "json_extract(doc, '$.key.service')",
        "postgresql": "doc::json #>> '{key,service}'",
    }
    op.execute(f"UPDATE series SET service = {named[op.get_bind().dialect.name]}")  # noqa: S608
    op.create_index(op.f("ix_series_service"), "series", ["service"])
