"""The table of pages that others sent."""

from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Field

from aiops.store.columns import AiopsRow, UtcDateTime, table_of


class OutsidePageRow(AiopsRow, table=True):
    """An incident of the pager that is not ours, as the newest news of it left it."""

    __tablename__ = "outside_pages"
    __table_args__ = (Index(None, "opened_at"),)

    id: str = Field(primary_key=True)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    doc: str = Field(sa_type=Text)


OUTSIDE_PAGES = table_of(OutsidePageRow)
