"""Find at once the incidents that nobody has acknowledged."""

import sqlalchemy as sa
from alembic import op

revision = "aiops_0009"
down_revision = "aiops_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make a partial index over the open incidents."""
    op.create_index(
        "ix_incidents_open",
        "incidents",
        ["started_at", "id"],
        sqlite_where=sa.text("state IN ('open')"),
        postgresql_where=sa.text("state IN ('open')"),
    )
