"""What the judge looks at in an incident."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from aiops.demo.delays import Milestones
from aiops.domain.families import is_currency
from aiops.domain.incidents import Decision, Incident, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the judge looks at in an incident, whether an object or an entry of incidents.json.

    `segments`, `confidence` (of the first cause), `money` (lost by KPIs that measure it, in all)
    and `is_repeat` are read from entries only.
    """

    id: str
    decision: Decision
    started_at: datetime
    told_at: datetime
    ended_at: datetime | None
    services: frozenset[str]
    regions: frozenset[str]
    cause_service: str | None = None
    cause_ref: str | None = None
    reached: Milestones | None = None
    is_notice: bool = False
    segments: frozenset[str] = frozenset()
    confidence: float | None = None
    money: float = 0.0
    is_repeat: bool = False

    @classmethod
    def of(cls, incident: Incident | Mapping[str, Any]) -> Self:
        """Read an incident, or an entry of `incidents.json` (DESIGN §8)."""
        if isinstance(incident, Incident):
            return cls._of_incident(incident)
        causes = incident.get("causes") or [{}]
        change = causes[0].get("change") or {}
        ended = incident.get("resolved_at")
        return cls(
            id=str(incident["id"]),
            decision=Decision(incident["decision"]),
            started_at=_time(incident["started_at"]),
            told_at=_time(incident["detected_at"]),
            ended_at=_time(ended) if ended else None,
            services=frozenset(incident.get("services") or ()),
            regions=frozenset(incident.get("regions") or ()),
            cause_service=causes[0].get("service"),
            cause_ref=change.get("ref"),
            is_notice=incident.get("severity") == Severity.P4,
            segments=frozenset(incident.get("segments") or ()),
            confidence=causes[0].get("confidence"),
            money=sum(one["total"] for one in incident.get("impact") or () if _is_money(one)),
            is_repeat=bool(incident.get("repeat_of")),
        )

    @classmethod
    def _of_incident(cls, incident: Incident) -> Self:
        cause = incident.causes[0] if incident.causes else None
        return cls(
            id=incident.id,
            decision=incident.decision,
            started_at=incident.started_at,
            told_at=incident.paged_at or incident.detected_at,
            ended_at=incident.quiet_since or incident.mitigated_at or incident.resolved_at,
            services=frozenset(symptom.service for symptom in incident.symptoms),
            regions=frozenset(incident.blast.regions),
            cause_service=cause.service if cause else None,
            cause_ref=cause.change.ref if cause and cause.change else None,
            is_notice=incident.severity is Severity.P4,
            reached=_milestones(incident),
        )

    def told_after(self, answer: timedelta) -> Self:
        """Return it with its page so much later than the tick it is of."""
        return replace(self, told_at=self.told_at + answer) if self.is_page else self

    @property
    def is_page(self) -> bool:
        """Whether somebody was woken."""
        return self.decision is Decision.PAGE

    @property
    def is_told(self) -> bool:
        """Whether anybody was told: a page or a ticket."""
        return self.decision is not Decision.NONE

    @property
    def is_problem(self) -> bool:
        """Whether it stands for a problem of its own: told, and more than a notice."""
        return self.is_told and not self.is_notice


def _milestones(incident: Incident) -> Milestones | None:
    if incident.called_at is None or not incident.symptoms:
        return None
    first = min(incident.symptoms, key=lambda one: (one.detected_at, one.onset, one.id))
    return Milestones(
        bad_at=first.onset,
        found_at=first.detected_at,
        held_at=incident.detected_at,
        called_at=incident.called_at,
    )


def _is_money(impact: Mapping[str, Any]) -> bool:
    return is_currency(str(impact["unit"])) and not impact.get("assumption")


def _time(text: str | datetime) -> datetime:
    moment = text if isinstance(text, datetime) else datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
