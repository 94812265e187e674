"""Tables of what sinks are told: the outbox, what sinks call it, and how each sink stands."""

from datetime import datetime

from sqlalchemy import Index, Text, UniqueConstraint, false, text
from sqlmodel import Field

from aiops.store.columns import ROW_ID, AiopsRow, UtcDateTime, table_of


class OutboxRow(AiopsRow, table=True):
    """A notification to be delivered, written in the transaction of the revision it announces.

    `next_attempt_at`, `created_at` and `delivered_at` follow the product's clock; `lease_until`
    the real one. `shown_revision` is what the latest attempt told; `ambiguous` says that an
    earlier attempt may have been taken although we never heard so; `held` that a silence held it
    back.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("incident_id", "episode", "sink", "action", "revision"),
        Index(None, "incident_id", "sink", "id"),
        Index(
            "ix_outbox_undelivered",
            "sink",
            "urgency",
            "next_attempt_at",
            sqlite_where=text("state IN ('pending', 'sending')"),
            postgresql_where=text("state IN ('pending', 'sending')"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    incident_id: str
    episode: int
    revision: int
    sink: str
    action: str
    reason: str
    not_before: datetime = Field(sa_type=UtcDateTime)
    state: str
    attempts: int
    next_attempt_at: datetime = Field(sa_type=UtcDateTime)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lease_token: str | None
    shown_revision: int | None
    ambiguous: bool
    held: bool = Field(sa_column_kwargs={"server_default": false()})
    urgency: int
    last_error: str = Field(sa_type=Text)
    dead_reason: str = Field(sa_type=Text)
    traceparent: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SinkReferenceRow(AiopsRow, table=True):
    """What a sink calls an incident's episode: a dedup key, a message's ts."""

    __tablename__ = "sink_references"

    incident_id: str = Field(primary_key=True)
    episode: int = Field(primary_key=True)
    sink: str = Field(primary_key=True)
    reference: str = Field(sa_type=Text)


class SinkRow(AiopsRow, table=True):
    """How a sink stands: its rate limit and its circuit breaker, by the real clock."""

    __tablename__ = "sinks"

    name: str = Field(primary_key=True)
    due_at: datetime = Field(sa_type=UtcDateTime)
    failures: int
    closed_until: datetime = Field(sa_type=UtcDateTime)


OUTBOX = table_of(OutboxRow)
SINK_REFERENCES = table_of(SinkReferenceRow)
SINKS = table_of(SinkRow)
