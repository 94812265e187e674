"""Which symptoms belong to one problem.

Bundles are joined pair by pair in the order of `_STAGES`; every stage looks only at a service, its
direct neighbours or one change, so the work grows with the symptoms and not with their pairs.
A calm service that calls two sick ones joins nothing: trouble travels up a chain of calls, never
up to a shared caller and down again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from aiops.correlate.adjacency import join_adjacent, join_same_root, join_same_service
from aiops.correlate.attachment import attach_kpis, attach_strangers
from aiops.correlate.bundles import BY_ONSET, make_bundles, settle
from aiops.correlate.calls import Calls
from aiops.correlate.coincidence import join_coincident
from aiops.correlate.culprits import distinct
from aiops.correlate.links import Links
from aiops.correlate.scene import Scene, index_by_service
from aiops.correlate.shared import (
    join_blinded,
    join_blindly,
    join_gaps,
    join_same_change,
    join_same_peer,
    join_unit_changes,
)
from aiops.domain.changes import Change
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Clause, Incident
from aiops.domain.symptoms import Symptom

MAX_REASONS = 8
"""A problem of a thousand symptoms is not explained better by a thousand reasons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Symptoms of one problem, the live incidents they already belong to, and what joined them."""

    symptoms: tuple[Symptom, ...]
    incident_ids: tuple[str, ...]
    why: tuple[Clause, ...]


def group_symptoms(
    symptoms: Iterable[Symptom],
    incidents: Iterable[Incident],
    changes: Iterable[Change],
    at: datetime,
    knowledge: Knowledge,
) -> tuple[Group, ...]:
    """Part symptoms into the problems they belong to.

    Args:
        symptoms: open ones of one environment, and ended ones of its live incidents.
        incidents: live incidents with their members, whom nothing parts.
        changes: changes young enough to explain something.
        at: now, aware UTC.
        knowledge: topology, journeys, KPIs and policy.

    Returns:
        Groups by first onset, then id; every symptom is in exactly one, whatever the order and
        repetition of the inputs.
    """
    policy = knowledge.policies.correlate
    live = _newest(incidents)
    settled = settle(symptoms, live)
    owned = {member.id for incident in live for member in incident.symptoms}
    bundles = make_bundles(settled, owned, at, policy.window_seconds)
    scene = Scene(
        bundles=bundles,
        sick=index_by_service(bundles),
        calls=Calls(knowledge.graph, ((one.service, one.peers) for one in bundles)),
        changes=tuple(c for c in distinct(changes) if c.service and not c.is_rollback),
        policy=policy,
        links=Links(len(bundles)),
    )
    held = _keep_incidents(scene, live)
    for stage in _STAGES:
        stage(scene)
    attach_kpis(bundles, scene.links, scene.calls, knowledge)
    attach_strangers(bundles, scene.links, scene.calls)
    return tuple(_groups(scene, held))


def _rank(incident: Incident) -> tuple[bool, datetime, str]:
    """Order incidents by who keeps its name in a merge: paged first, then the older one."""
    return (incident.paged_at is None, incident.detected_at, incident.id)


def _newest(incidents: Iterable[Incident]) -> list[Incident]:
    """Return each incident once, in its latest revision, by rank."""
    known: dict[str, Incident] = {}
    for one in incidents:
        other = known.setdefault(one.id, one)
        # The text settles what would otherwise depend on the input; it is long, and rarely needed.
        if other is not one and (other.revision, repr(other)) < (one.revision, repr(one)):
            known[one.id] = one
    return sorted(known.values(), key=_rank)


def _keep_incidents(scene: Scene, live: Sequence[Incident]) -> dict[str, int]:
    """Put the members of each live incident together: a symptom never leaves its incident.

    Returns:
        A place of each incident, by its id; those without symptoms have none.
    """
    place_of = {
        symptom.id: place for place, one in enumerate(scene.bundles) for symptom in one.symptoms
    }
    for incident in live:
        places = dict.fromkeys(place_of[symptom.id] for symptom in incident.symptoms)
        for place, next_place in pairwise(places):
            scene.links.join(place, next_place)
    # What a person split, nothing here joins again.
    held = {one.id: place_of[one.symptoms[0].id] for one in live if one.symptoms}
    for incident in live:
        for other in incident.apart_from:
            if incident.symptoms and other in held:
                scene.links.keep_apart(held[incident.id], held[other])
    return held


def _groups(scene: Scene, held: Mapping[str, int]) -> Iterator[Group]:
    """Yield what is linked, with the incidents it holds in the order they are `held`."""
    reasons = scene.links.reasons()
    incidents: defaultdict[int, list[str]] = defaultdict(list)
    for name, place in held.items():
        incidents[scene.links.find(place)].append(name)
    for root, places in scene.links.sets().items():
        members = [symptom for place in places for symptom in scene.bundles[place].symptoms]
        if len(places) > 1:
            members.sort(key=BY_ONSET)
        why = tuple(dict.fromkeys(reasons.get(root, ())))
        yield Group(
            symptoms=tuple(members),
            incident_ids=tuple(incidents.get(root, ())),
            why=why[:MAX_REASONS],
        )


_STAGES = (
    join_same_service,
    join_adjacent,
    join_same_root,
    join_same_peer,
    join_same_change,
    join_gaps,
    join_blinded,
    join_unit_changes,
    join_blindly,
    join_coincident,
)
