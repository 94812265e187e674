"""Know which deliveries a silence holds back."""

import sqlalchemy as sa
from alembic import op

revision = "aiops_0010"
down_revision = "aiops_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add whether a delivery was held back; what waits already was not."""
    held: sa.Column[bool] = sa.Column(
        "held", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("outbox", held)
