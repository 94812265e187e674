"""Tables of the `history` database for what sources push; times are epoch milliseconds."""

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint
from sqlmodel import Field

from aiops.store.columns import ROW_ID, HistoryRow, table_of


class PushedSourceRow(HistoryRow, table=True):
    """How far the samples of a source are worked: `position` was read when `closed` closed.

    `shed` counts the bodies that were deleted before, for too many waited.
    """

    __tablename__ = "pushed_sources"

    source: str = Field(primary_key=True)
    next_number: int
    position: int = Field(sa_type=BigInteger)
    closed: int | None = Field(default=None, sa_type=BigInteger)
    shed: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})


class RawSeriesRow(HistoryRow, table=True):
    """A raw series that signals are made of; a number never gets another meaning.

    `seen` is when one of our processes met it last: within a day of its last sample, 0 where that
    is not known.
    """

    __tablename__ = "raw_series"
    __table_args__ = (UniqueConstraint("source", "fingerprint"),)

    source: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    fingerprint: str
    metric: str
    doc: str = Field(sa_type=Text)
    seen: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})


class PushedSamplesRow(HistoryRow, table=True):
    """The samples of one body; an id is never given twice."""

    __tablename__ = "pushed_samples"
    __table_args__ = (Index(None, "source", "id"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    source: str
    received_at: int = Field(sa_type=BigInteger)
    newest: int = Field(sa_type=BigInteger)
    blob: bytes


class PassedMetricRow(HistoryRow, table=True):
    """What of a metric was counted and not kept: series beyond the cap, and samples."""

    __tablename__ = "passed_metrics"

    source: str = Field(primary_key=True)
    metric: str = Field(primary_key=True)
    refused: int = Field(sa_type=BigInteger)
    samples: int = Field(sa_type=BigInteger)


PUSHED_SOURCES = table_of(PushedSourceRow)
RAW_SERIES = table_of(RawSeriesRow)
PUSHED_SAMPLES = table_of(PushedSamplesRow)
PASSED_METRICS = table_of(PassedMetricRow)
