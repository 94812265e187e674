"""How far a change can be behind a symptom: nearness in time, scope and kind."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.policies import CorrelatePolicy
from aiops.domain.series import Family, SeriesKey
from aiops.domain.symptoms import Symptom
from aiops.domain.time import spoken

TICK = timedelta(minutes=1)
"""An onset is known to one tick only: a change this much later may still have come first."""

LEAK_FACTOR = 8.0
"""Saturation builds up: a leak shows hours after its deploy, so age counts that much less."""

LINGERING_WEIGHT = 0.3
"""What is left of the weight of what was put in place hours ago, if its own service fell ill …"""

LINGERING_FACTOR = 8.0
"""… and how much slower that fades: some deploys hurt only when a pool has run out."""

KIND_WEIGHTS = {
    ChangeKind.DEPLOY: 1.0,
    ChangeKind.CONFIG: 1.0,
    ChangeKind.MIGRATION: 1.0,
    ChangeKind.FLAG: 0.9,  # most flags reach few users
    ChangeKind.SCALING: 0.7,  # often an answer to trouble, not its cause
    ChangeKind.MAINTENANCE: 0.6,  # announced, and watched while it runs
}
"""How often a change of a kind is behind trouble that follows it, relative to a deploy."""

LEAST_WEIGHT = 0.05
"""A change that weighs less is no suspect: somebody changes something every day."""

FAILED_WEIGHT = 0.8
"""A failed change may be half in effect, or not at all."""

WIDER_WEIGHT = 0.4
"""A change of one cohort does not explain what goes on beyond it, only a part."""

PARTIAL_WEIGHT = 0.5
"""What is left of a change that reaches almost no traffic; grows to 1 with its percentage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whom a problem hits: the regions and segments it is confined to; empty means all."""

    regions: frozenset[str]
    segments: frozenset[str]

    @classmethod
    def of(cls, symptoms: Iterable[Symptom]) -> "Scope":
        """Return the scope of some symptoms."""
        keys = [symptom.series.key for symptom in symptoms]
        return cls(
            regions=frozenset(region for key in keys if (region := key.region)),
            segments=frozenset(segment for key in keys if (segment := key.segment)),
        )

    def covers(self, key: SeriesKey) -> bool:
        """Return whether a series tells of those who are hit, or of everybody."""
        parts = ((key.region, self.regions), (key.segment, self.segments))
        return all(not part or not hit or part in hit for part, hit in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """How far a change explains an onset.

    Args:
        change: what was done.
        weight: in [0, 1].
        rejected: why it is no suspect; empty when it is one.
        nearby: whether it was done to something sick or to what that depends on.
    """

    change: Change
    weight: float
    rejected: str = ""
    nearby: bool = True


def suspect_change(
    change: Change,
    onset: datetime,
    scope: Scope,
    policy: CorrelatePolicy,
    *,
    family: Family,
    lingers: bool = False,
) -> Blame:
    """Weigh one change against one onset.

    Args:
        change: what was done.
        onset: when the symptom began, aware UTC.
        scope: whom the whole problem hits.
        policy: greatest age and half-life.
        family: what the symptom speaks of; saturation builds up over hours.
        lingers: whether it may still act hours later: it was done to the sick service itself.
    """
    rejected = _out_of_time(change, onset, policy) or _out_of_scope(change, scope)
    if rejected:
        return Blame(change=change, weight=0.0, rejected=rejected)
    half_life = float(policy.change_half_life_seconds)
    if family is Family.SATURATION and change.kind is not ChangeKind.FLAG:
        half_life *= LEAK_FACTOR
    age = max(0.0, (onset - change.started_at).total_seconds())
    if change.ended_at is not None and change.ended_at >= onset:
        age = min(age, half_life)
    fresh = 0.5 ** (age / half_life)
    if lingers and change.kind is not ChangeKind.FLAG:
        lingering = LINGERING_FACTOR * policy.change_half_life_seconds
        fresh = max(fresh, LINGERING_WEIGHT * 0.5 ** (age / lingering))
    weight = KIND_WEIGHTS[change.kind] * fresh * _reach(change, scope)
    if change.status == "failed":
        weight *= FAILED_WEIGHT
    return Blame(change=change, weight=weight)


def distinct(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return each change once, by start then id; of two reports of one, the one that says more."""
    known: dict[str, Change] = {}
    for change in changes:
        other = known.get(change.id)
        if other is None or _fullness(change) > _fullness(other):
            known[change.id] = change
    return tuple(sorted(known.values(), key=lambda one: (one.started_at, one.id)))


def _fullness(change: Change) -> tuple[bool, str]:
    return (change.ended_at is not None, repr(change))


def _out_of_time(change: Change, onset: datetime, policy: CorrelatePolicy) -> str:
    if change.is_rollback:
        return f"it only takes {change.reverts or 'another change'} back"
    if change.kind is ChangeKind.MAINTENANCE and change.status == "finished":
        return "the end of maintenance is no cause"
    age = onset - change.started_at
    if age < -TICK:
        return f"it came {spoken(-age)} after the onset"
    if age.total_seconds() > policy.change_max_age_seconds:
        return f"{spoken(age)} before the onset is too long ago"
    return ""


def _out_of_scope(change: Change, scope: Scope) -> str:
    if change.region and scope.regions and change.region not in scope.regions:
        return f"it reached {change.region} only, and {_listed(scope.regions)} is hit"
    if change.segment and scope.segments and change.segment not in scope.segments:
        return f"it reached {change.segment} only, and {_listed(scope.segments)} is hit"
    return ""


def _reach(change: Change, scope: Scope) -> float:
    weight = 1.0
    for cohort, hit in ((change.region, scope.regions), (change.segment, scope.segments)):
        if cohort and hit != {cohort}:
            weight *= WIDER_WEIGHT
    if change.percentage is not None:
        weight *= PARTIAL_WEIGHT + (1 - PARTIAL_WEIGHT) * min(1.0, change.percentage / 100)
    return weight


def _listed(names: frozenset[str]) -> str:
    return " and ".join(sorted(names))
