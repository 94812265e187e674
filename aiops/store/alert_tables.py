"""The table of alerts that outside monitors report."""

from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Field

from aiops.store.columns import AiopsRow, UtcDateTime, table_of


class AlertRow(AiopsRow, table=True):
    """What is known of one alert; `version` is what a commit compares and sets."""

    __tablename__ = "alerts"
    __table_args__ = (Index(None, "is_firing", "seen_at"),)

    id: str = Field(primary_key=True)
    version: int
    is_firing: bool
    is_mapped: bool
    seen_at: datetime = Field(sa_type=UtcDateTime)
    doc: str = Field(sa_type=Text)


ALERTS = table_of(AlertRow)
