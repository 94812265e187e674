"""What the pages show of incidents, worked out: money, order, words. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiops.domain.cost import CostBasis
from aiops.domain.figures import format_value
from aiops.domain.incidents import Impact, Incident, IncidentState
from aiops.domain.series import Family
from aiops.domain.symptoms import Symptom
from aiops.impact.cost import count_costs
from aiops.incident.wording import cohort_words, metric_title

_STALE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The first screen: what is open, and what it costs while it is.

    Args:
        open: open incidents, worst first.
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
    going_on = sorted(
        (one for one in incidents if is_open(one)), key=lambda one: (one.severity, one.started_at)
    )
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


def money_per_minute(incidents: Iterable[Incident]) -> dict[str, float]:
    """Return what incidents cost per minute, by currency."""
    return _sum((impact, impact.per_minute) for one in incidents for impact in told_once(one))


def money_in_all(incidents: Iterable[Incident]) -> dict[str, float]:
    """Return what incidents have cost so far, by currency."""
    return _sum((impact, impact.total) for one in incidents for impact in told_once(one))


def told_once(incident: Incident) -> tuple[Impact, ...]:
    """Return the money an incident costs without counting any of it twice.

    A KPI's total and its parts carry different cohort keys: of each KPI only the impacts of its
    widest kind of cohort count.
    """
    money = [one for one in incident.impacts if one.is_money]
    widest = {
        kpi: min(_width(one) for one in money if one.kpi == kpi)
        for kpi in {one.kpi for one in money}
    }
    return tuple(one for one in money if _width(one) == widest[one.kpi])


def amounts(money: dict[str, float]) -> tuple[str, ...]:
    """Return sums of money as people write them, those that are not nothing.

    Examples:
        >>> amounts({"EUR": 1228.4, "USD": 0.0})
        ('EUR 1,228',)
    """
    return tuple(
        format_value(amount, currency, Family.KPI)
        for currency, amount in sorted(money.items())
        if amount > 0
    )


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


def _width(impact: Impact) -> tuple[int, bool]:
    """Return how narrow an impact's cohort is; regions come before segments."""
    return sum(part is not None for part in (impact.region, impact.segment)), impact.region is None


def _sum(costs: Iterable[tuple[Impact, float]]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for impact, amount in costs:
        if amount > 0:  # also leaves out what is not a number
            currency = impact.unit[:3]
            sums[currency] = sums.get(currency, 0.0) + amount
    return sums
