"""Who may be the cause of a problem: sick services, and services changed just before it."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aiops.correlate.attachment import territory
from aiops.correlate.calls import Calls, seen_by
from aiops.correlate.culprits import (
    LEAST_WEIGHT,
    TICK,
    Blame,
    Scope,
    distinct,
    suspect_change,
)
from aiops.correlate.sickness import Sickness, find_sick, weighted_strength
from aiops.correlate.surges import is_surge
from aiops.correlate.travel import ORDER_SECONDS, Travel
from aiops.domain.changes import Change
from aiops.domain.environment import Knowledge
from aiops.domain.series import Direction, Family
from aiops.domain.symptoms import Symptom
from aiops.domain.time import spoken
from aiops.domain.visibility import stands

MAX_SUSPECTS = 16
"""Of a storm's thousands of sick services the strongest, earliest and changed ones are weighed."""

CALM_WEIGHT = 0.5
"""A changed service that shows nothing itself is half as suspicious as one that fell ill."""

FAR_WEIGHT = 0.6
"""… and less with every further call between it and what is sick."""

AFTER_WEIGHT = 0.4
"""A change that came when things had already begun to go wrong explains at most a part."""

LINGERS_LEAST = timedelta(minutes=5)
"""What was put in place hours ago, and stays, does not explain what was over within minutes."""

SURGE_FIRST = "more requests than usual came first, which no change of what gets them explains"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """One service that may be the cause.

    Args:
        service: its name.
        sickness: what speaks for a fault in it, or None for a calm one that was changed.
        suspicion: the change most likely behind it, if one may be.
        explains: other sick services whose trouble can come from it, sorted.
        excuse: in [0, 1]: how far another service explains it.
        excused_by: that service.
        takes_load: whether more requests than usual enter the system here.
    """

    service: str
    sickness: Sickness | None
    suspicion: Blame | None
    explains: tuple[str, ...] = ()
    excuse: float = 0.0
    excused_by: str = ""
    takes_load: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineup:
    """The suspects of one problem.

    Args:
        suspects: by name.
        sick: every sick service, also those too many to be weighed.
        rejected: changes that explain nothing here, with why; nearby, then newest first.
        began: first onset that counts, aware UTC.
    """

    suspects: tuple[Suspect, ...]
    sick: dict[str, Sickness]
    rejected: tuple[Blame, ...]
    began: datetime

    @property
    def likeliest(self) -> tuple[str, ...]:
        """The suspects' names, the strongest or most likely changed first."""
        return tuple(
            one.service
            for one in sorted(self.suspects, key=lambda one: (-_weight(one), one.service))
        )


def _weight(one: Suspect) -> float:
    strength = one.sickness.strength if one.sickness else 0.0
    return max(strength, one.suspicion.weight if one.suspicion else 0.0)


def line_up(symptoms: Sequence[Symptom], changes: Iterable[Change], knowledge: Knowledge) -> Lineup:
    """Find who may be behind some symptoms, which must not be none at all."""
    calls = Calls(knowledge.graph, seen_by(symptoms))
    sick = find_sick(symptoms, calls)
    begins = [one.onset for one in sick.values()] or [one.onset for one in symptoms]
    began = min(begins)
    weigher = _Weigher(
        sick=sick,
        symptoms=symptoms,
        knowledge=knowledge,
        calls=calls,
        began=began,
        scope=Scope.of(one for one in symptoms if stands(one)),
    )
    best, rejected = _best_by_service([weigher.weigh(change) for change in distinct(changes)])
    weights = {service: found.weight for service, found in best.items()}
    order = _likeliest(sick, weights)
    names = sorted(order[:MAX_SUSPECTS])
    travel = Travel(sick=sick, calls=calls, hops=knowledge.policies.correlate.hops)
    surges = [name for name in best if is_surge(name, travel)]
    brought = [replace(best.pop(name), weight=0.0, rejected=SURGE_FIRST) for name in surges]
    rejected = (*brought, *rejected)
    weights = {service: found.weight for service, found in best.items()}
    suspects = tuple(_suspect(name, sick, best, weights, travel) for name in names)
    return Lineup(suspects=suspects, sick=sick, rejected=rejected, began=began)


def _best_by_service(
    found: Sequence[Blame],
) -> tuple[dict[str, Blame], tuple[Blame, ...]]:
    """Return the likeliest change of each service, and all others: nearby, then newest first."""
    best: dict[str, Blame] = {}
    for one in sorted(found, key=lambda one: (one.weight, one.change.started_at, one.change.id)):
        if one.weight > 0:
            best[one.change.service] = one
    others = [one for one in reversed(found) if best.get(one.change.service) is not one]
    others.sort(key=lambda one: not one.nearby)
    better = "another change of {} explains more"
    return best, tuple(
        replace(one, rejected=one.rejected or better.format(one.change.service)) for one in others
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weigher:
    """Weighs changes against one problem."""

    sick: dict[str, Sickness]
    symptoms: Sequence[Symptom]
    knowledge: Knowledge
    calls: Calls
    began: datetime
    scope: Scope

    def weigh(self, change: Change) -> Blame:
        if not change.service:
            return _elsewhere(change, "nobody said which service it was")
        own = self.sick.get(change.service)
        if own is not None and own.symptoms:
            found = self._against(change, own.evidence, 1.0)
        else:
            found = self._calm(change)
        if change.started_at > self.began + TICK:
            found = replace(found, weight=found.weight * AFTER_WEIGHT)
        if found.rejected or found.weight >= LEAST_WEIGHT:
            return found
        age = spoken(self.began - change.started_at)
        return replace(found, weight=0.0, rejected=f"{age} before the onset says too little")

    def _calm(self, change: Change) -> Blame:
        """Weigh a change of a service that shows nothing itself, by what depends on it."""
        near = self._near(change.service)
        if not near:
            return _elsewhere(change, f"nothing that is sick depends on {change.service}")
        if not self.sick and not self._is_confined_alike(change):
            why = f"only business numbers moved, and {change.service} is healthy"
            return Blame(change=change, weight=0.0, rejected=why)
        distance = min(near.values())
        closest = [name for name, far in near.items() if far == distance]
        exposed = [one for name in closest for one in self._symptoms_of(name)]
        return self._against(change, exposed, CALM_WEIGHT * FAR_WEIGHT ** (max(1, distance) - 1))

    def _is_confined_alike(self, change: Change) -> bool:
        """Tell whether a change reached just the region or segment in which numbers moved.

        Somebody always deploys something: that a number fell minutes later says nothing, unless
        it fell exactly there.
        """
        regions, segments = self.scope.regions, self.scope.segments
        return regions == {change.region} or segments == {change.segment}

    def _near(self, service: str) -> dict[str, int]:
        """Return the sick services a calm one may have made sick, with their distance."""
        hops = self.knowledge.policies.correlate.hops
        above = self.calls.above(service, hops)
        near = {name: far for name, far in above.items() if name in self.sick}
        for callee in self.calls.callees(service):
            if callee in self.sick and any(map(_is_load, self.sick[callee].symptoms)):
                near.setdefault(callee, 2)  # whom it calls: only as a load, so as if further away
        if self.sick:
            return near
        for symptom in self.symptoms:  # only business numbers moved
            far = territory(symptom.series, self.knowledge, self.calls).get(service)
            if far is not None:
                near[symptom.service] = min(far + 1, near.get(symptom.service, far + 1))
        return near

    def _symptoms_of(self, name: str) -> tuple[Symptom, ...]:
        if name in self.sick:
            return self.sick[name].evidence
        return tuple(one for one in self.symptoms if one.service == name)

    def _against(self, change: Change, symptoms: Sequence[Symptom], factor: float) -> Blame:
        """Weigh a change against the symptom it explains best; strong ones count more."""
        policy = self.knowledge.policies.correlate
        own = any(one.service == change.service for one in symptoms)
        strongest = max(weighted_strength(one) for one in symptoms)
        found: list[Blame] = []
        for one in symptoms:
            share = weighted_strength(one) / strongest if strongest > 0 else 1.0
            lingers = own and not _is_brief(one)
            against = suspect_change(
                change, one.onset, self.scope, policy, family=one.family, lingers=lingers
            )
            found.append(replace(against, weight=against.weight * factor * share))
        return max(found, key=lambda against: against.weight)


def _is_brief(symptom: Symptom) -> bool:
    over = symptom.ended_at
    return over is not None and over - symptom.onset < LINGERS_LEAST


def _elsewhere(change: Change, why: str) -> Blame:
    return Blame(change=change, weight=0.0, rejected=why, nearby=False)


def _is_load(symptom: Symptom) -> bool:
    """Tell whether a symptom may come from being called more, or more expensively."""
    loaded = (Family.SATURATION, Family.LATENCY, Family.TRAFFIC)
    return symptom.family in loaded and symptom.direction is not Direction.DOWN


def _likeliest(sick: dict[str, Sickness], weights: dict[str, float]) -> list[str]:
    """Return all that is sick or was changed: strong, early and lately changed ones first."""
    score: defaultdict[str, float] = defaultdict(float, weights)
    first = min((one.onset for one in sick.values()), default=None)
    for name, one in sick.items():
        delay = (one.onset - first).total_seconds() if first else 0.0
        score[name] += one.strength + math.exp(-delay / ORDER_SECONDS)
    return sorted(score, key=lambda name: (-score[name], name))


def _suspect(
    name: str,
    sick: dict[str, Sickness],
    best: dict[str, Blame],
    weights: dict[str, float],
    travel: Travel,
) -> Suspect:
    excuse, excused_by = travel.excuse(name, weights) if name in sick else (0.0, "")
    if excused_by and excused_by not in travel.calls.callers(name):
        excuse *= sick[name].passed_on_ratio
    return Suspect(
        service=name,
        sickness=sick.get(name),
        suspicion=best.get(name),
        explains=travel.explains(name, changed=name in best),
        excuse=excuse,
        excused_by=excused_by,
        takes_load=travel.is_load_root(name),
    )
