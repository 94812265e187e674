"""Tables of the `history` database: shards and their series, ticks, profiles, running state.

Never a row per point: one packed float32 vector per shard and tick. `at` and `cursor` are whole
epoch seconds, as ticks are.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint
from sqlmodel import Field

from aiops.store.columns import ROW_ID, HistoryRow, UtcDateTime, table_of


class ShardRow(HistoryRow, table=True):
    """A fixed, ordered set of series of one source, environment and step."""

    __tablename__ = "shards"
    __table_args__ = (Index(None, "env"),)

    id: str = Field(primary_key=True)
    env: str
    source: str
    step_seconds: int
    version: int
    """Counts up with every change of its series."""


class SeriesRow(HistoryRow, table=True):
    """A series and its slot in the shard's vectors; a slot never moves."""

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("shard_id", "fingerprint"), Index(None, "service"))

    shard_id: str = Field(primary_key=True, foreign_key="shards.id")
    slot: int = Field(primary_key=True)
    fingerprint: str
    service: str
    doc: str = Field(sa_type=Text)


class TickRow(HistoryRow, table=True):
    """The values of a shard at one closed tick (`aiops.store.vectors`)."""

    __tablename__ = "ticks"

    shard_id: str = Field(primary_key=True, foreign_key="shards.id")
    at: int = Field(primary_key=True, sa_type=BigInteger)
    blob: bytes


class LateTickRow(HistoryRow, table=True):
    """Values that came after their tick had closed (`aiops.store.late`)."""

    __tablename__ = "late_ticks"
    __table_args__ = (Index(None, "shard_id", "at"),)

    shard_id: str = Field(primary_key=True, foreign_key="shards.id")
    number: int = Field(primary_key=True)
    at: int = Field(sa_type=BigInteger)
    taken_at: int = Field(sa_type=BigInteger)
    blob: bytes


class ProfileRow(HistoryRow, table=True):
    """One part, of 4 MB at most, of an immutable fitted profile."""

    __tablename__ = "profiles"

    shard_id: str = Field(primary_key=True, foreign_key="shards.id")
    version: int = Field(primary_key=True)
    part: int = Field(primary_key=True)
    fitted_at: datetime = Field(sa_type=UtcDateTime)
    blob: bytes


class StateRow(HistoryRow, table=True):
    """How far detection has come with a shard; small, for it is written with every tick.

    `saved` is the tick the stored state is of: the cursor, or some ticks before it. `late` is the
    number of the last late row that is judged.
    """

    __tablename__ = "states"

    shard_id: str = Field(primary_key=True, foreign_key="shards.id")
    cursor: int | None = Field(default=None, sa_type=BigInteger)
    saved: int | None = Field(default=None, sa_type=BigInteger)
    profile_version: int
    late: int = 0


class CheckpointRow(HistoryRow, table=True):
    """The running state of a shard as detection left it at `StateRow.saved`."""

    __tablename__ = "checkpoints"

    shard_id: str = Field(primary_key=True, foreign_key="shards.id")
    blob: bytes


class KpiTickRow(HistoryRow, table=True):
    """What detection saw of a shard's KPI series at one tick, and what it expected."""

    __tablename__ = "kpi_ticks"
    __table_args__ = (Index(None, "env", "at"),)

    shard_id: str = Field(primary_key=True, foreign_key="shards.id")
    at: int = Field(primary_key=True, sa_type=BigInteger)
    env: str
    blob: bytes


class SliHourRow(HistoryRow, table=True):
    """The events of one indicator of a journey in one hour; `at` is its beginning."""

    __tablename__ = "sli_hours"

    env: str = Field(primary_key=True)
    indicator: str = Field(primary_key=True)
    at: int = Field(primary_key=True, sa_type=BigInteger)
    total: float
    bad: float
    seconds: float


class FeedMinuteRow(HistoryRow, table=True):
    """How many records of a feed came in one epoch minute; of the door itself: that it was open."""

    __tablename__ = "feed_minutes"

    source: str = Field(primary_key=True)
    env: str = Field(primary_key=True)
    minute: int = Field(primary_key=True)
    count: int = Field(sa_type=BigInteger)


class ArchiveRow(HistoryRow, table=True):
    """The index of ended incidents; `judged` is the last judgement it knows, `form` its layout."""

    __tablename__ = "archives"

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    form: str
    judged: int = Field(sa_type=BigInteger)
    past: str = Field(sa_type=Text)
    blob: bytes


SHARDS = table_of(ShardRow)
SERIES = table_of(SeriesRow)
TICKS = table_of(TickRow)
LATE_TICKS = table_of(LateTickRow)
PROFILES = table_of(ProfileRow)
STATES = table_of(StateRow)
CHECKPOINTS = table_of(CheckpointRow)
KPI_TICKS = table_of(KpiTickRow)
ARCHIVES = table_of(ArchiveRow)
SLI_HOURS = table_of(SliHourRow)
FEED_MINUTES = table_of(FeedMinuteRow)
