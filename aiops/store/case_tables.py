"""The tables of case events, and of how many rows were none."""

from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Field

from aiops.store.columns import ROW_ID, HistoryRow, UtcDateTime, table_of


class CaseEventRow(HistoryRow, table=True):
    """One case event; `id` counts up as they arrive, `key` is the same for the same one."""

    __tablename__ = "case_events"
    __table_args__ = (Index(None, "log", "case_id", "at"), Index(None, "log", "at"))

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    key: str = Field(unique=True)
    log: str
    case_id: str
    name: str
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    channel: str
    location: str
    amount: str | None = None
    reason_code: str


class CaseRefusalRow(HistoryRow, table=True):
    """How many rows of a file or request were not taken; the same one is noted once."""

    __tablename__ = "case_refusals"

    log: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    counts: str = Field(sa_type=Text)


CASE_EVENTS = table_of(CaseEventRow)
CASE_REFUSALS = table_of(CaseRefusalRow)
