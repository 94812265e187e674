"""Tables of what logs and traces come down to; `minute` is in whole epoch seconds."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from aiops.store.columns import AiopsRow, UtcDateTime, table_of


class ListeningRow(AiopsRow, table=True):
    """Since when logs of an environment are kept; `version` is what a commit compares and sets."""

    __tablename__ = "listening"

    env: str = Field(primary_key=True)
    version: int
    since: datetime = Field(sa_type=UtcDateTime)


class LogTemplateRow(AiopsRow, table=True):
    """A template as the newest of its lines left it."""

    __tablename__ = "log_templates"

    env: str = Field(primary_key=True)
    service: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    last_seen: datetime = Field(sa_type=UtcDateTime)
    doc: str = Field(sa_type=Text)


class LogMinuteRow(AiopsRow, table=True):
    """Lines of one service in one minute: pairs of template number and count, as JSON."""

    __tablename__ = "log_minutes"
    __table_args__ = (Index(None, "minute"),)

    env: str = Field(primary_key=True)
    service: str = Field(primary_key=True)
    minute: int = Field(primary_key=True, sa_type=BigInteger)
    counts: str = Field(sa_type=Text)


class TraceMinuteRow(AiopsRow, table=True):
    """The few traces kept of one service and minute."""

    __tablename__ = "trace_minutes"
    __table_args__ = (Index(None, "minute"),)

    env: str = Field(primary_key=True)
    service: str = Field(primary_key=True)
    minute: int = Field(primary_key=True, sa_type=BigInteger)
    doc: str = Field(sa_type=Text)


class ServiceCallRow(AiopsRow, table=True):
    """How often one service was seen to call another, and when last."""

    __tablename__ = "service_calls"

    env: str = Field(primary_key=True)
    caller: str = Field(primary_key=True)
    callee: str = Field(primary_key=True)
    count: int = Field(sa_type=BigInteger)
    seen_at: datetime = Field(sa_type=UtcDateTime)


class SpanCountRow(AiopsRow, table=True):
    """How many requests of one minute were alike, as `aiops.domain.clues.SpanCount` says."""

    __tablename__ = "span_counts"

    minute: int = Field(primary_key=True, sa_type=BigInteger)
    env: str = Field(primary_key=True)
    service: str = Field(primary_key=True)
    caller: str = Field(primary_key=True)
    is_callers: bool = Field(primary_key=True)
    region: str = Field(primary_key=True)
    segment: str = Field(primary_key=True)
    failed: bool = Field(primary_key=True)
    bucket: int = Field(primary_key=True)
    count: int = Field(sa_type=BigInteger)


LISTENING = table_of(ListeningRow)
LOG_TEMPLATES = table_of(LogTemplateRow)
LOG_MINUTES = table_of(LogMinuteRow)
TRACE_MINUTES = table_of(TraceMinuteRow)
SERVICE_CALLS = table_of(ServiceCallRow)
SPAN_COUNTS = table_of(SpanCountRow)
