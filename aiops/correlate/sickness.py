"""How sick each service of a problem is, and since when, by its own metrics or its callers'."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from operator import is_

from aiops.correlate.bundles import REMEMBERED, Nature, nature
from aiops.correlate.calls import Calls
from aiops.domain.resources import is_resource
from aiops.domain.series import Direction, Family
from aiops.domain.sides import is_outgoing
from aiops.domain.symptoms import Symptom, SymptomKind
from aiops.domain.visibility import is_harmful
from topology.attributes import ServiceKind

FULL_STRENGTH = 100.0
"""A robust distance at and beyond which more says nothing new."""

_FULL = math.log1p(FULL_STRENGTH)

FAMILY_WEIGHTS = {
    Family.ERRORS: 1.0,
    Family.AVAILABILITY: 1.0,
    Family.SATURATION: 1.0,
    Family.LATENCY: 0.95,
    Family.TRAFFIC: 0.6,  # mostly an effect: users and callers come or stay away
    Family.OTHER: 0.7,  # nobody knows whether it hurts
    Family.KPI: 0.0,  # what a business number shows happened elsewhere
}
"""How far an anomaly of a family speaks for a fault in the service that shows it."""

RELATION_WEIGHT = 0.4
"""A broken relation says that two measures disagree, and not which of them is wrong."""

GOOD_WAY_WEIGHT = 0.5
"""A change for the better is odd, but seldom the trouble."""

CLIENT_SIDE_WEIGHT = 0.6
"""A client-side metric speaks more of the called service than of the one that measures it."""

SEEN_EXTERNAL_WEIGHT = 0.9
"""An external provider is seen through its callers only; that is as good as it gets."""

SEEN_CALM_WEIGHT = 0.5
"""An own service that shows nothing itself: the way to it may be at fault as well."""

LEADING_RATIO = 0.5
"""Symptoms weaker than this share of the strongest do not tell since when a service is sick."""


@dataclass(frozen=True, kw_only=True)
class Sickness:
    """What speaks for a fault in one service.

    Args:
        service: its name.
        symptoms: its own, by onset then id; empty where only callers see it fail.
        seen_by: client-side symptoms of its callers that point to it.
        onset: since when, leaving out faint forerunners; aware UTC.
        strength: in [0, 1], log-scaled against its own history.
    """

    service: str
    symptoms: tuple[Symptom, ...]
    seen_by: tuple[Symptom, ...]
    onset: datetime
    strength: float

    @cached_property
    def evidence(self) -> tuple[Symptom, ...]:
        """Its own symptoms, or else those of its callers."""
        return self.symptoms or self.seen_by

    @cached_property
    def leading(self) -> Symptom:
        """The first symptom that counts."""
        return min(
            (one for one in self.evidence if one.onset >= self.onset),
            key=lambda one: (one.onset, -weighted_strength(one), one.id),
        )

    @cached_property
    def peak(self) -> Symptom:
        """The strongest symptom."""
        return min(self.evidence, key=lambda one: (-weighted_strength(one), one.id))

    @cached_property
    def has_trouble(self) -> bool:
        """Whether more is wrong than the amount of traffic, or that two measures disagree."""
        return any(
            one.family is not Family.TRAFFIC and one.kind is not SymptomKind.RELATION
            for one in self.evidence
        )

    @cached_property
    def passed_on_ratio(self) -> float:
        """How much of its strength it may have from what it calls: what exceeds its resources'."""
        own = (one for one in self.symptoms if is_resource(one.series.key.metric))
        strongest = max((weighted_strength(one) for one in own), default=0.0)
        return max(0.0, 1 - strongest / self.strength) if self.strength > 0 else 1.0

    @cached_property
    def load_since(self) -> datetime | None:
        """Since when more traffic than usual arrives, if it does."""
        return min(
            (
                one.onset
                for one in self.symptoms
                if one.family is Family.TRAFFIC and one.direction is Direction.UP
            ),
            default=None,
        )


_RELATION, _TROUBLE = SymptomKind.RELATION, Nature.TROUBLE  # Python 3.11 looks members up slowly


def weighted_strength(symptom: Symptom) -> float:
    """Return how strongly a symptom speaks for a fault in what it measures, in [0, 1]."""
    distance = min(max(symptom.strength, 0.0), FULL_STRENGTH)
    weight = FAMILY_WEIGHTS[symptom.family]
    if symptom.kind is _RELATION:
        weight *= RELATION_WEIGHT
    elif not is_harmful(symptom):
        weight *= GOOD_WAY_WEIGHT
    return weight * math.log1p(distance) / _FULL


def find_sick(symptoms: Iterable[Symptom], calls: Calls) -> dict[str, Sickness]:
    """Return every service that is sick, sorted by name.

    Business numbers are no sickness of the service that reports them. Missing telemetry counts
    only where nothing else is there: silence is no proof that a host is down.
    """
    members = tuple(symptoms)
    counted = [one for one in members if nature(one) is _TROUBLE]
    counted = counted or [one for one in members if nature(one) is Nature.GAP]
    own: defaultdict[str, list[Symptom]] = defaultdict(list)
    seen: defaultdict[str, list[Symptom]] = defaultdict(list)
    for symptom in counted:
        key = symptom.series.key
        own[key.service].append(symptom)
        peer = key.label("peer") if key.labels else None
        if peer and peer != key.service:
            seen[peer].append(symptom)
    names = sorted({*own, *seen} - {""})
    return {name: _known(name, own.get(name, ()), seen.get(name, ()), calls) for name in names}


_last: dict[str, tuple[Sequence[Symptom], Sequence[Symptom], bool, Sickness]] = {}


def _known(name: str, own: Sequence[Symptom], seen_by: Sequence[Symptom], calls: Calls) -> Sickness:
    """Return how sick a service is; from one tick to the next most show the same symptoms."""
    is_external = calls.service(name).kind is ServiceKind.EXTERNAL
    known = _last.get(name)
    if known and known[2] is is_external and _are(known[0], own) and _are(known[1], seen_by):
        return known[3]
    sickness = _sickness(name, own, seen_by, is_external=is_external)
    if len(_last) >= REMEMBERED:
        _last.clear()
    _last[name] = own, seen_by, is_external, sickness
    return sickness


def _are(before: Sequence[Symptom], now: Sequence[Symptom]) -> bool:
    return len(before) == len(now) and all(map(is_, before, now))


def _sickness(
    name: str, own: Sequence[Symptom], seen_by: Sequence[Symptom], *, is_external: bool
) -> Sickness:
    order = sorted(own or seen_by, key=lambda one: (one.onset, one.id))
    weights = [
        weighted_strength(one) * _view_weight(name, one, is_external=is_external) for one in order
    ]
    strength = max(weights)
    leading = (
        one
        for one, weight in zip(order, weights, strict=True)
        if weight >= LEADING_RATIO * strength
    )
    return Sickness(
        service=name,
        symptoms=tuple(order) if own else (),
        seen_by=tuple(sorted(seen_by, key=lambda one: (one.onset, one.id))),
        onset=next(leading).onset,
        strength=strength,
    )


def _view_weight(name: str, symptom: Symptom, *, is_external: bool) -> float:
    """Return how much a symptom says of `name`, by the side of the call it was measured on."""
    if symptom.service == name:
        key = symptom.series.key
        return CLIENT_SIDE_WEIGHT if key.label("peer") or is_outgoing(key.metric) else 1.0
    return SEEN_EXTERNAL_WEIGHT if is_external else SEEN_CALM_WEIGHT
