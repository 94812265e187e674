"""Alerts: messages from an outside monitor, and what is known of each by now."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from aiops.domain.series import Series
from aiops.domain.symptoms import Symptom


class AlertSeverity(StrEnum):
    """How bad its monitor says an alert is."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


STRENGTHS: Final = MappingProxyType(
    {
        AlertSeverity.CRITICAL: 20.0,
        AlertSeverity.ERROR: 12.0,
        AlertSeverity.WARNING: 6.0,
        AlertSeverity.INFO: 1.0,
    }
)
"""What an alert counts for beside what we measure: an error opens an incident alone
(`life.open_strength`), a warning only with company or where users meet it."""

UNIT: Final = "alert"
"""The unit of an alert's series, 1 while it fires: no ratio, whatever its name says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertReport:
    """What one message says of one alert.

    Args:
        key: by which its monitor knows the alert again.
        at: when the message was received, aware UTC.
        fired_at: when it began to fire, by the monitor's clock; None: this does not tell.
        ended_at: when it ended, by the monitor's clock; None: it fires, or this does not tell.
        series: whose it is, with its name as metric; None where the message names only its key.
        severity: as the monitor says.
        is_mapped: whether a label said whose it is.
        url: where people look at it.
    """

    key: str
    at: datetime
    fired_at: datetime | None = None
    ended_at: datetime | None = None
    series: Series | None = None
    severity: AlertSeverity = AlertSeverity.ERROR
    is_mapped: bool = True
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment at which an alert began to fire, or ended.

    Args:
        at: by the monitor's clock, aware UTC.
        ends: whether it ended then.
        of_earlier: whether the end is of a firing that began before it: one that begins at that
            very moment is another.
        known_at: when we first heard of it.
    """

    at: datetime
    ends: bool
    of_earlier: bool = False
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What is known of one alert of an outside monitor, whatever order its messages came in.

    Args:
        source: the source that reports it, as `aiops.yaml` names it.
        key: by which its monitor knows it again.
        described: the newest message that said what it is; None: none did so far.
        marks: when it fired and ended, in order.
        symptoms: what it is evidence of: one for each time it fired, by onset.
        fact_at: the time of the newest fact about them; None before the first.
        reports: how many messages told of it.
        seen_at: when the newest of them was received.
    """

    source: str
    key: str
    described: AlertReport | None = None
    marks: tuple[Mark, ...] = ()
    symptoms: tuple[Symptom, ...] = ()
    fact_at: datetime | None = None
    reports: int = 0
    seen_at: datetime

    @property
    def is_firing(self) -> bool:
        """Whether it fires by what is known."""
        return bool(self.marks) and not self.marks[-1].ends
