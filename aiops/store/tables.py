"""Tables of the `aiops` database: accepted bodies, evidence, incidents, the record.

Columns hold what is searched, ordered or guarded by; the whole domain value is in `doc` (JSON by
`aiops.store.codec`). Statements are written on the Core tables named in capitals at the end.
"""

from datetime import datetime

from sqlalchemy import Index, Text, UniqueConstraint, false, text
from sqlmodel import Field

from aiops.store.columns import ROW_ID, AiopsRow, UtcDateTime, table_of


class AcceptedBodyRow(AiopsRow, table=True):
    """A request body as it came, committed before it is acknowledged."""

    __tablename__ = "accepted_bodies"
    __table_args__ = (
        Index(
            "ix_accepted_bodies_waiting",
            "id",
            sqlite_where=text("state IN ('accepted')"),
            postgresql_where=text("state IN ('accepted')"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    idempotency_key: str = Field(unique=True)
    source: str
    content_type: str
    received_at: datetime = Field(sa_type=UtcDateTime)
    body: bytes
    state: str
    error: str = Field(sa_type=Text)
    traceparent: str


class ChangeRow(AiopsRow, table=True):
    """Evidence of why: a deploy, flag, config, migration, scaling or maintenance."""

    __tablename__ = "changes"
    __table_args__ = (Index(None, "env", "started_at"),)

    id: str = Field(primary_key=True)
    env: str
    service: str
    kind: str
    ref: str
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    received_at: datetime = Field(sa_type=UtcDateTime)
    doc: str = Field(sa_type=Text)


class SymptomRow(AiopsRow, table=True):
    """A symptom as its newest fact left it; `fact_at` and `fact_rank` say which fact that was."""

    __tablename__ = "symptoms"
    __table_args__ = (Index(None, "env", "state"),)

    id: str = Field(primary_key=True)
    env: str
    service: str
    state: str
    onset: datetime = Field(sa_type=UtcDateTime)
    fact_at: datetime = Field(sa_type=UtcDateTime)
    fact_rank: int
    doc: str = Field(sa_type=Text)


class SymptomFactRow(AiopsRow, table=True):
    """What became known about a symptom at a tick; appended, never changed but for its flag.

    The flag, not an id cursor, says what correlation has not seen: ids can commit out of order.
    What is `outside` no tick of ours found: it waits for none.
    """

    __tablename__ = "symptom_facts"
    __table_args__ = (
        UniqueConstraint("symptom_id", "at", "kind"),
        Index(
            "ix_symptom_facts_uncorrelated",
            "env",
            "at",
            sqlite_where=text("uncorrelated = 1"),
            postgresql_where=text("uncorrelated"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    symptom_id: str
    env: str
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    doc: str = Field(sa_type=Text)
    uncorrelated: bool
    traceparent: str
    outside: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class EnvironmentRow(AiopsRow, table=True):
    """Where one environment stands; `version` is what a commit compares and sets.

    `symptoms` holds them as correlation left them, without the facts that came since, and
    `incident_ids` keeps the order: the same facts give the same incidents, however often the
    state was stored and read in between. A person's step leaves it unsettled.
    """

    __tablename__ = "environments"

    env: str = Field(primary_key=True)
    version: int
    at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_number: int
    symptoms: str = Field(sa_type=Text)
    incident_ids: str = Field(sa_type=Text)
    changes: str
    settled: bool


class IncidentRow(AiopsRow, table=True):
    """An incident as it stands; `id` is opaque and unique over all environments."""

    __tablename__ = "incidents"
    __table_args__ = (
        Index(None, "started_at"),
        Index(
            "ix_incidents_open",
            "started_at",
            "id",
            sqlite_where=text("state IN ('open')"),
            postgresql_where=text("state IN ('open')"),
        ),
    )

    id: str = Field(primary_key=True)
    env: str
    episode: int
    revision: int
    state: str
    severity: str
    decision: str
    started_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    doc: str = Field(sa_type=Text)


class IncidentMemberRow(AiopsRow, table=True):
    """Which symptom belongs to which incident; to one open incident at most."""

    __tablename__ = "incident_members"
    __table_args__ = (
        Index(
            "uq_incident_members_open_symptom",
            "symptom_id",
            unique=True,
            sqlite_where=text("is_open = 1"),
            postgresql_where=text("is_open"),
        ),
    )

    incident_id: str = Field(primary_key=True, foreign_key="incidents.id")
    symptom_id: str = Field(primary_key=True)
    is_open: bool


class IncidentRevisionRow(AiopsRow, table=True):
    """An incident as it was told at one revision; never changed."""

    __tablename__ = "incident_revisions"

    incident_id: str = Field(primary_key=True, foreign_key="incidents.id")
    episode: int = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    doc: str = Field(sa_type=Text)


class OutcomeRow(AiopsRow, table=True):
    """What ended an incident, as judged at one time; the newest judgement counts."""

    __tablename__ = "outcomes"
    __table_args__ = (UniqueConstraint("incident_id", "at", "judged_by"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    incident_id: str
    at: datetime = Field(sa_type=UtcDateTime)
    judged_by: str
    doc: str = Field(sa_type=Text)


class MemoryRow(AiopsRow, table=True):
    """An ended incident as memory keeps it: its signature and what fixed it."""

    __tablename__ = "memory"
    __table_args__ = (Index(None, "ended_at"),)

    incident_id: str = Field(primary_key=True)
    ended_at: datetime = Field(sa_type=UtcDateTime)
    doc: str = Field(sa_type=Text)


class MarkRow(AiopsRow, table=True):
    """What a person said of a series; the newest holds. Appended, never changed."""

    __tablename__ = "marks"

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    doc: str = Field(sa_type=Text)


class SilenceRow(AiopsRow, table=True):
    """What nobody is told of until `ends_at`; ended early by moving it."""

    __tablename__ = "silences"
    __table_args__ = (Index(None, "ends_at"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    doc: str = Field(sa_type=Text)


class AuditRow(AiopsRow, table=True):
    """Who did what to what, and when; appended, never changed."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "subject", "at"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    action: str
    subject: str
    detail: str = Field(sa_type=Text)


ACCEPTED_BODIES = table_of(AcceptedBodyRow)
CHANGES = table_of(ChangeRow)
SYMPTOMS = table_of(SymptomRow)
SYMPTOM_FACTS = table_of(SymptomFactRow)
ENVIRONMENTS = table_of(EnvironmentRow)
INCIDENTS = table_of(IncidentRow)
INCIDENT_MEMBERS = table_of(IncidentMemberRow)
INCIDENT_REVISIONS = table_of(IncidentRevisionRow)
OUTCOMES = table_of(OutcomeRow)
MEMORY = table_of(MemoryRow)
MARKS = table_of(MarkRow)
SILENCES = table_of(SilenceRow)
AUDIT = table_of(AuditRow)
