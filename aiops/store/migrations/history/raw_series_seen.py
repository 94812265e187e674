"""Remember when raw series were seen last, so that those that are gone can be forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "history_0010"
down_revision = "history_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moment; of the series there are it is not known yet."""
    op.add_column(
        "raw_series", sa.Column("seen", sa.BigInteger(), nullable=False, server_default="0")
    )
