"""Money where no KPI measures it: successes lost times what one is worth, said as such."""

from collections.abc import Sequence
from dataclasses import replace

from aiops.domain.environment import Knowledge
from aiops.domain.families import is_currency
from aiops.domain.incidents import Impact
from aiops.domain.journeys import Journey
from aiops.impact.loss import is_additive


def estimate_money(impacts: Sequence[Impact], knowledge: Knowledge) -> list[Impact]:
    """Return an estimate in money for journeys that declare what a success is worth.

    Only for journeys without a money KPI of their own, and from one KPI each (the one that lost
    most), so nothing is counted twice. The assumption stands in every estimate.
    """
    if not knowledge.currency:
        return []
    return [
        estimate for journey in knowledge.journeys for estimate in _of(journey, impacts, knowledge)
    ]


def _of(journey: Journey, impacts: Sequence[Impact], knowledge: Knowledge) -> list[Impact]:
    own = {kpi.name for kpi in knowledge.kpis if kpi.journey == journey.name} | set(journey.kpis)
    units = [kpi.unit for kpi in knowledge.kpis if kpi.name in own]
    if journey.value_per_success is None or any(is_currency(unit) for unit in units):
        return []
    lost = [
        one
        for one in impacts
        if one.kpi in own and one.relative < 0.0 and not one.is_money and is_additive(one.unit)
    ]
    totals = {name: sum(one.total for one in lost if one.kpi == name) for name in own}
    counted = max(sorted(totals), key=totals.__getitem__, default=None)
    return [_valued(one, journey, knowledge.currency) for one in lost if one.kpi == counted]


def _valued(impact: Impact, journey: Journey, currency: str) -> Impact:
    value = journey.value_per_success or 0.0
    return replace(
        impact,
        kpi=f"{journey.name} value",
        unit=currency,
        per_minute=impact.per_minute * value,
        total=impact.total * value,
        low=impact.low * value,
        high=impact.high * value,
        assumption=f"each success missing from {impact.kpi} is worth {currency} {value:g}",
    )
