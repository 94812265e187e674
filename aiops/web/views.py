"""What the pages show of incidents, worked out: money, order, words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiops.domain.cost import CostBasis
from aiops.domain.figures import format_value
from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.symptoms import Symptom
from aiops.impact.cost import count_costs
from aiops.incident.levels import priority
from aiops.incident.sums import amounts, money_per_minute
from aiops.incident.wording import cohort_words, metric_title

_STALE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The first screen: what is open, and what it costs while it is.

    Args:
        open: open incidents, worst first; of one severity by the error budget they took.
        past: the others, newest first.
        losses: money lost per minute now, one amount per currency; empty when none is known.
        unpriced: how many open incidents cost nobody knows what.
        seen_until: up to when signals were looked at, None where that is not known.
        is_blind: whether that is never or so long ago that a quiet list says nothing.
    """

    open: tuple[Incident, ...]
    past: tuple[Incident, ...]
    losses: tuple[str, ...]
    unpriced: int
    seen_until: datetime | None
    is_blind: bool


def overview(
    incidents: Sequence[Incident],
    now: datetime,
    seen_until: datetime | None,
    *,
    is_watched: bool = True,
) -> Overview:
    """Return what the first screen shows.

    Args:
        incidents: newest first.
        now: the product's time.
        seen_until: up to when signals were looked at; None: never, or nobody says.
        is_watched: whether anybody says up to when signals were looked at.
    """
    going_on = sorted((one for one in incidents if is_open(one)), key=priority)
    return Overview(
        open=tuple(going_on),
        past=tuple(one for one in incidents if not is_open(one)),
        losses=amounts(money_per_minute(going_on)),
        unpriced=count_costs(going_on)[CostBasis.UNKNOWN],
        seen_until=seen_until,
        is_blind=is_watched and (seen_until is None or now - seen_until > _STALE),
    )


def is_open(incident: Incident) -> bool:
    """Return whether people still have to care: open or acknowledged."""
    return incident.state in (IncidentState.OPEN, IncidentState.ACKNOWLEDGED)


def place_words(symptom: Symptom) -> str:
    """Return what was measured and for whom, as in "error rate in EU"."""
    key = symptom.series.key
    labels = " ".join(value for _, value in key.labels if value)
    named = f" ({labels})" if labels else ""
    return f"{metric_title(symptom)}{cohort_words(key.region, key.segment)}{named}"


def measured_words(symptom: Symptom, value: float) -> str:
    """Return a value of a symptom's series as people write it."""
    return format_value(value, symptom.series.unit, symptom.family)


def moment_words(at: datetime) -> str:
    """Return a time with its day, as in "Sat 18 Apr 2026, 10:03 UTC"."""
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M} UTC"
