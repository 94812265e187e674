"""Sources that give rows, one for each thing that happened: what `aiops.yaml` says of each."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from aiops.settings.metric_sources import MetricSourceSettings, SignalSettings

ROW_KINDS: Final = ("csv", "sql")
"""Kinds of sources that give rows: their ingesters have the same names."""


class Aggregate(StrEnum):
    """What a tick makes of the rows that fall into it; sums and counts are per minute."""

    SUM = "sum"
    COUNT = "count"
    MEAN = "mean"
    LAST = "last"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSignalSettings(SignalSettings):
    """One metric that rows are added up to.

    Args:
        query: what a database is asked, in SQL.
        value: the column with the number.
        aggregate: what a tick makes of the rows that fall into it.
        minor_units: whether amounts are in cents, or what is smallest in their currency.
        currency: the column that says the currency of each; empty for none.
    """

    query: str = ""
    value: str = "value"
    aggregate: Aggregate = Aggregate.SUM
    minor_units: bool = False
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSourceSettings(MetricSourceSettings):
    """A source that gives rows: one thing that happened each, or sums of them.

    Args:
        time: the column with the moment of a row.
        time_zone: of local times in it, which are refused without one.
    """

    signals: tuple[RowSignalSettings, ...] = ()
    time: str = "timestamp"
    time_zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvSettings(RowSourceSettings):
    """Files of rows.

    Args:
        path: a file, a folder of `*.csv`, or a pattern.
        delimiter: what stands between two columns.
        decimal: what stands before the decimals of a number: `.` or `,`.
    """

    kind: str = "csv"
    path: Path
    delimiter: str = ","
    decimal: str = "."

    @property
    def address(self) -> str:
        """Return its path."""
        return str(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSettings(RowSourceSettings):
    """A database that is asked in SQL.

    Args:
        url: SQLAlchemy's address of it; None: not given yet.
        url_env: the environment variable it should come from.
        timeout_seconds: how long a query may take.
        max_rows: how many rows an answer may have.
    """

    kind: str = "sql"
    url: SecretStr | None = None
    url_env: str
    timeout_seconds: int = 10
    max_rows: int = 100_000

    @property
    def address(self) -> str:
        """Return the variable that holds its address: that may hold a password."""
        return self.url_env
