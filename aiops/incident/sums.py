"""Money over impacts and incidents, none of it counted twice."""

from collections.abc import Iterable

from aiops.domain.figures import format_value
from aiops.domain.incidents import Impact, Incident
from aiops.domain.series import Family


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


def _width(impact: Impact) -> tuple[int, bool]:
    """Return how narrow an impact's cohort is; regions come before segments."""
    parts = (impact.region, impact.segment, *(value for _, value in impact.labels))
    return sum(part is not None for part in parts), impact.region is None


def _sum(costs: Iterable[tuple[Impact, float]]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for impact, amount in costs:
        if amount > 0:  # also leaves out what is not a number
            currency = impact.unit[:3]
            sums[currency] = sums.get(currency, 0.0) + amount
    return sums
