"""Load that comes from outside: no change of the service that gets it is to blame for it."""

from collections.abc import Iterable
from math import isfinite

from aiops.correlate.sickness import Sickness
from aiops.correlate.travel import Travel
from aiops.domain.families import is_percent, is_ratio
from aiops.domain.series import Direction, Family
from aiops.domain.symptoms import Symptom

RETRIES = 3
"""How often a failed call is tried again at most: what clients do that nobody configured."""

LEAST_SURGE = 0.5
"""Less than half as much again overloads hardly any service: it has room for its peaks."""


def is_surge(name: str, travel: Travel) -> bool:
    """Tell whether more requests than usual came to a service before anything else was wrong.

    Where it failed first, or they are no more than its callers' retries, they may be what a
    change of its own brought about.
    """
    own = travel.sick.get(name)
    if own is None or own.load_since is None:
        return False
    others = [one.onset for one in own.symptoms if one.family is not Family.TRAFFIC]
    if own.load_since > min(others, default=own.load_since):
        return False
    return travel.comes_with_load(name) or _outgrows_retries(own, travel.sick.values())


def _outgrows_retries(own: Sickness, sick: Iterable[Sickness]) -> bool:
    """Tell whether a service gets more requests than failing ones that are tried again.

    With 5% failing those are a sixth more, never twice as many. Where failures are not told as a
    share of the calls nobody knows.
    """
    failing = [one for each in sick for one in each.evidence if one.family is Family.ERRORS]
    shares = [_share(one) for one in failing]
    if any(share is None for share in shares):
        return False
    most = max(LEAST_SURGE, RETRIES * max((share for share in shares if share), default=0.0))
    return any(
        one.observed > one.expected * (1 + most) > 0
        for one in own.symptoms
        if one.family is Family.TRAFFIC and one.direction is Direction.UP
    )


def _share(symptom: Symptom) -> float | None:
    """Return which share of calls fails, None where its metric is none or it has no value."""
    metric, unit = symptom.series.key.metric, symptom.series.unit
    if not is_ratio(metric, unit) or not isfinite(symptom.observed):
        return None
    return symptom.observed / (100 if is_percent(metric, unit) else 1)
