"""Keep the updates for stakeholders that people send."""

import sqlalchemy as sa
from alembic import op

revision = "aiops_0013"
down_revision = "aiops_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of status updates."""
    op.create_table(
        "status_updates",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "revision", name=op.f("pk_status_updates")),
    )
