"""The table of planned work."""

from datetime import datetime

from sqlalchemy import Index, Text, UniqueConstraint
from sqlmodel import Field

from aiops.store.columns import ROW_ID, AiopsRow, UtcDateTime, table_of


class MaintenanceRow(AiopsRow, table=True):
    """A window of planned work; `said` stands for what its source said last."""

    __tablename__ = "maintenance"
    __table_args__ = (UniqueConstraint("source", "key"), Index(None, "env", "ends_at"))

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    source: str
    key: str
    env: str
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    is_cancelled: bool
    said: str
    doc: str = Field(sa_type=Text)


MAINTENANCE = table_of(MaintenanceRow)
