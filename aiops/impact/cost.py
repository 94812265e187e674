"""Whether a cost is known, and how: "unknown" is an answer that is shown and counted."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from aiops.domain.cost import Cost, CostBasis
from aiops.domain.environment import Knowledge
from aiops.domain.families import is_currency
from aiops.domain.incidents import Impact, Incident, IncidentState
from aiops.domain.journeys import Journey
from aiops.domain.reach import BlastRadius
from aiops.domain.ticks import KpiWindow


def cost_of(
    blast: BlastRadius, impacts: Sequence[Impact], kpis: KpiWindow | None, knowledge: Knowledge
) -> Cost:
    """Return how an incident's cost is known.

    Args:
        blast: the journeys it hits.
        impacts: what it costs.
        kpis: the readings its cost was judged by; None where there were none.
        knowledge: journeys, their KPIs and prices.
    """
    paid = [one for one in impacts if one.is_money]
    measured = dict.fromkeys(one.kpi for one in paid if not one.assumption)
    if measured:
        return Cost(basis=CostBasis.MEASURED, reason=f"measured by {', '.join(measured)}")
    if paid:
        return Cost(basis=CostBasis.ESTIMATED, reason=paid[0].assumption)
    if not knowledge.journeys:
        return Cost(basis=CostBasis.UNKNOWN, reason="no journey is declared")
    hit = [one for one in knowledge.journeys if one.name in blast.journeys]
    lost = {one.kpi for one in impacts}
    missing = [reason for one in hit if (reason := _missing(one, lost, kpis, knowledge))]
    if missing:
        return Cost(basis=CostBasis.UNKNOWN, reason="; ".join(missing))
    reason = "no loss beyond noise" if hit else "no journey is hit"
    return Cost(basis=CostBasis.NONE, reason=reason)


def count_costs(incidents: Iterable[Incident]) -> Mapping[CostBasis, int]:
    """Return how many incidents cost what is measured, estimated, none, or unknown.

    One that was merged is counted by the one it went into.

    Examples:
        >>> count_costs([])[CostBasis.UNKNOWN]
        0
    """
    counted = Counter(one.cost.basis for one in incidents if one.state is not IncidentState.MERGED)
    return {basis: counted[basis] for basis in CostBasis}


def _missing(
    journey: Journey, lost: Collection[str], kpis: KpiWindow | None, knowledge: Knowledge
) -> str:
    """Return why nobody knows what a journey loses, empty where it would be known."""
    own = [one for one in knowledge.kpis if one.journey == journey.name or one.name in journey.kpis]
    money = [one.name for one in own if is_currency(one.unit)]
    counted = money if journey.value_per_success is None else [one.name for one in own]
    if not money and journey.value_per_success is None:
        return f"`{journey.name}` declares neither a money KPI nor the value of a success"
    if not money and any(name in lost for name in counted):
        return f"nothing counts the requests of `{journey.name}`, of which a share fails"
    if not counted:
        return f"nothing counts the successes of `{journey.name}`"
    read = {one.kpi for one in kpis.series} if kpis is not None else set()
    return "" if read.intersection(counted) else f"{counted[0]} was not read"
