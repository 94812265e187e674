"""Money where no KPI measures it: successes lost times what one is worth, said as such."""

from collections.abc import Sequence, Set
from dataclasses import replace

import numpy as np

from aiops.domain.affected import Affected
from aiops.domain.environment import Knowledge
from aiops.domain.families import PERCENT_UNITS, RATIO_UNITS, is_currency
from aiops.domain.incidents import Impact
from aiops.domain.journeys import Journey
from aiops.domain.ticks import KpiWindow
from aiops.impact.loss import is_additive

_SHARES = (RATIO_UNITS | PERCENT_UNITS) - {""}


def estimate_money(
    impacts: Sequence[Impact],
    kpis: KpiWindow | None,
    knowledge: Knowledge,
    affected: Sequence[Affected] = (),
) -> list[Impact]:
    """Return an estimate in money for journeys that declare what a success is worth.

    Only for journeys without a money KPI of their own, and from one KPI each, so nothing is
    counted twice: the count of successes that lost most, else a share of requests that fail (or
    succeed) times a count of requests. Where no KPI counts anything, from the requests to its
    entry that failed. The assumption stands in every estimate.

    Args:
        impacts: what KPIs lost.
        kpis: readings of the KPIs, for the count of requests; None when there are none.
        knowledge: journeys, KPIs and the currency.
        affected: requests that failed at the entries of journeys.
    """
    if not knowledge.currency:
        return []
    return [
        estimate
        for journey in knowledge.journeys
        for estimate in _of(journey, impacts, kpis, knowledge, affected)
    ]


def _of(
    journey: Journey,
    impacts: Sequence[Impact],
    kpis: KpiWindow | None,
    knowledge: Knowledge,
    affected: Sequence[Affected],
) -> list[Impact]:
    own = {kpi.name for kpi in knowledge.kpis if kpi.journey == journey.name} | set(journey.kpis)
    own -= {kpi.name for kpi in knowledge.kpis if kpi.data_loss}
    units = [kpi.unit for kpi in knowledge.kpis if kpi.name in own]
    if journey.value_per_success is None or any(is_currency(unit) for unit in units):
        return []
    if kpis is None or not any(one.kpi in own and is_additive(one.unit) for one in kpis.series):
        return [_by_requests(one, journey, knowledge) for one in affected if _is_of(one, journey)]
    lost = [
        one
        for one in impacts
        if one.kpi in own and one.relative < 0.0 and not one.is_money and is_additive(one.unit)
    ]
    totals = {name: sum(one.total for one in lost if one.kpi == name) for name in own}
    counted = max(sorted(totals), key=totals.__getitem__, default=None)
    if counted is None or not lost:
        return _by_share(journey, own, impacts, kpis, knowledge)
    return [_valued(one, journey, knowledge.currency) for one in lost if one.kpi == counted]


def _is_of(affected: Affected, journey: Journey) -> bool:
    return affected.journey == journey.name and affected.requests > 0.0


def _by_requests(affected: Affected, journey: Journey, knowledge: Knowledge) -> Impact:
    """Return what the requests that failed at a journey's entry are worth."""
    value = journey.value_per_success or 0.0
    return Impact(
        kpi=f"{journey.name} value",
        unit=knowledge.currency,
        since=affected.since,
        per_minute=affected.per_minute * value,
        total=affected.requests * value,
        relative=-affected.share,
        low=affected.low * value,
        high=affected.high * value,
        assumption=(
            f"each request that fails loses {knowledge.currency} {value:g}; counted from"
            f" {affected.assumption}"
        ),
    )


def _by_share(
    journey: Journey,
    own: Set[str],
    impacts: Sequence[Impact],
    kpis: KpiWindow,
    knowledge: Knowledge,
) -> list[Impact]:
    """Return requests times failure times value, where a share and its requests are both KPIs."""
    shares = [one for one in impacts if one.kpi in own and one.unit in _SHARES]
    counts = sorted({one.kpi or "" for one in kpis.series if one.kpi in own} - _unsummed(own, kpis))
    worst = max(shares, key=lambda one: (one.total, one.kpi), default=None)
    if worst is None or not counts:
        return []
    value = journey.value_per_success or 0.0
    estimates: list[Impact] = []
    for one in shares:
        requests = _requests(counts[0], one, kpis) if one.kpi == worst.kpi else 0.0
        worth = requests * value / (100 if one.unit in PERCENT_UNITS else 1)
        assumed = (
            f"each of {requests:,.0f} {counts[0]} that fails by {one.kpi} loses"
            f" {knowledge.currency} {value:g}"
        )
        estimates += [_worth(one, journey, knowledge.currency, worth, assumed)] if worth else []
    return estimates


def _unsummed(own: Set[str], kpis: KpiWindow) -> set[str]:
    """Return the KPIs whose parts do not add up: they count nothing."""
    return {one.kpi or "" for one in kpis.series if one.kpi in own and not is_additive(one.unit)}


def _requests(name: str, share: Impact, kpis: KpiWindow) -> float:
    """Return the mean count of requests per minute of a cohort since a loss began; 0 if unread.

    The cohort's own count where there is one, else the sum of its parts.
    """
    columns = [place for place, one in enumerate(kpis.series) if one.kpi == name]
    keys = {place: kpis.series[place].key for place in columns}
    exact = [
        place
        for place, key in keys.items()
        if (key.region, key.segment) == (share.region, share.segment)
    ]
    parts = [
        place
        for place, key in keys.items()
        if share.region in (None, key.region) and share.segment in (None, key.segment)
    ]
    rows = kpis.times >= int(share.since.timestamp())
    read = kpis.observed[rows][:, exact or parts]
    known = np.isfinite(read).all(axis=1)
    return float(read[known].sum(axis=1).mean()) if read.shape[1] and known.any() else 0.0


def _valued(impact: Impact, journey: Journey, currency: str) -> Impact:
    value = journey.value_per_success or 0.0
    assumed = f"each success missing from {impact.kpi} is worth {currency} {value:g}"
    return _worth(impact, journey, currency, value, assumed)


def _worth(
    impact: Impact, journey: Journey, currency: str, worth: float, assumption: str
) -> Impact:
    """Return an impact in money, one of its unit being worth so much."""
    return replace(
        impact,
        kpi=f"{journey.name} value",
        unit=currency,
        per_minute=impact.per_minute * worth,
        total=impact.total * worth,
        low=impact.low * worth,
        high=impact.high * worth,
        assumption=assumption,
    )
