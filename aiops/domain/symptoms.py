"""Evidence that something is wrong, in one shape whatever found it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aiops.domain.series import Direction, Family, Series


class SymptomKind(StrEnum):
    """What found it."""

    ANOMALY = "anomaly"
    ALERT = "alert"
    SLO_BURN = "slo_burn"
    PROCESS_EXCEPTION = "process_exception"
    TELEMETRY_GAP = "telemetry_gap"
    FROZEN_VALUE = "frozen_value"
    UNIT_CHANGE = "unit_change"
    RELATION = "relation"
    REPORT = "report"


TELEMETRY_KINDS = frozenset(
    {SymptomKind.TELEMETRY_GAP, SymptomKind.FROZEN_VALUE, SymptomKind.UNIT_CHANGE}
)
"""Kinds that speak of what measures a service and not of the service: nobody is paged for them."""


REPORTED_BY, REPORTED_SEVERITY, REPORTED_WORDS = "reported_by", "severity", "words"
"""Labels of a person's report: who says so, how bad it is (where they say it), and what."""


class SymptomState(StrEnum):
    """Where a symptom is in its life: pending → active → ended | withdrawn."""

    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


_OPEN = (SymptomState.PENDING, SymptomState.ACTIVE)


class FactKind(StrEnum):
    """What became known about a symptom at a tick."""

    OPENED = "opened"
    STRENGTHENED = "strengthened"
    CONTINUED = "continued"
    REOPENED = "reopened"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


class Origin(StrEnum):
    """Where a row comes from; reports, learning and budgets take `live` only."""

    LIVE = "live"
    DEMO = "demo"
    DRILL = "drill"
    REPLAY = "replay"


def symptom_id(env: str, source: str, fingerprint: str, onset: datetime) -> str:
    """Return the deterministic id of a symptom: the same facts give the same id anywhere.

    Examples:
        >>> from datetime import UTC
        >>> symptom_id("prod", "seasonal", "a:b{}", datetime(2026, 1, 1, tzinfo=UTC))[:3]
        'sy-'
    """
    text = "\x1f".join((env, source, fingerprint, str(int(onset.timestamp()))))
    return "sy-" + hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """Evidence that something is wrong: an anomaly, outside alert, SLO burn, report or gap.

    Args:
        id: from `symptom_id`.
        kind: what sort of evidence.
        detector: the plug-in that found it (`seasonal`, `absence` …) or the alert source.
        series: what was measured; an outside alert carries its name as metric.
        state: where it is in its life.
        onset: first tick outside the band, aware UTC.
        detected_at: the tick at which persistence was reached.
        last_seen: last tick outside the band.
        ended_at: the tick at which the series was back, None while it is not.
        direction: the way the value left its band.
        strength: robust distance from the expected value in units of the usual one, ≥ 0; the peak.
        observed: the value at the strongest tick, in the series' unit.
        expected: what the profile expected at that tick.
        low: lower edge of the band at that tick.
        high: upper edge of the band at that tick.
        before: the usual value just before onset ("from 0.3%").
        compared_with: what it was compared with, in words.
        unusual: how unusual it is against the series' own past, in words; empty if not known.
        new_normal: the level that is normal from `ended_at` on, in the series' unit, where the
            value stayed until policy made it so; None where it came back or has not ended.
        young: whether the series has less than one season of history (never pages alone).
        origin: live, demo, drill or replay.
    """

    id: str
    kind: SymptomKind
    detector: str
    series: Series
    state: SymptomState
    onset: datetime
    detected_at: datetime
    last_seen: datetime
    direction: Direction
    strength: float
    observed: float
    expected: float
    low: float
    high: float
    before: float
    ended_at: datetime | None = None
    compared_with: str = ""
    unusual: str = ""
    new_normal: float | None = None
    young: bool = False
    origin: Origin = Origin.LIVE

    @property
    def service(self) -> str:
        """The service that shows it."""
        return self.series.key.service

    @property
    def family(self) -> Family:
        """What the metric speaks of."""
        return self.series.family

    @property
    def region(self) -> str | None:
        """The region it is confined to, or None for all."""
        return self.series.key.region

    @property
    def segment(self) -> str | None:
        """The customer segment it is confined to, or None for all."""
        return self.series.key.segment

    @property
    def is_open(self) -> bool:
        """Whether it is still going on."""
        return self.state in _OPEN

    @property
    def is_source_gap(self) -> bool:
        """Whether a whole source of telemetry is silent, or far too quiet."""
        is_gap = self.kind is SymptomKind.TELEMETRY_GAP
        return is_gap and bool(self.service) and self.service == self.series.source

    @property
    def says_down(self) -> bool:
        """Whether a monitor says no more than that nobody answers: it may see nothing itself."""
        return self.kind is SymptomKind.ALERT and self.family is Family.AVAILABILITY

    @property
    def is_telemetry(self) -> bool:
        """Whether it speaks of what measures the service, and not of the service."""
        return self.kind in TELEMETRY_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class SymptomFact:
    """What became known about a symptom at a tick; facts are appended, never changed.

    `symptom` is the whole symptom as it stands after this fact.
    """

    kind: FactKind
    at: datetime
    symptom: Symptom
