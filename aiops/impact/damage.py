"""What a problem does to users and the business: whom it reaches, and what that costs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiops.domain.affected import Affected
from aiops.domain.cost import Cost
from aiops.domain.environment import EnvTick, Knowledge
from aiops.domain.incidents import Candidate, Impact, Incident
from aiops.domain.reach import BlastRadius
from aiops.impact.affected import count_affected
from aiops.impact.blast import blast_radius, confine
from aiops.impact.claims import Claim
from aiops.impact.cost import cost_of
from aiops.impact.hits import hits
from aiops.impact.money import assess


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Whom a problem reaches, what its KPIs lost, whose requests failed, and how we know."""

    blast: BlastRadius
    impacts: tuple[Impact, ...]
    affected: tuple[Affected, ...]
    cost: Cost


def assess_damage(
    candidate: Candidate,
    previous: Incident | None,
    tick: EnvTick,
    knowledge: Knowledge,
    claimed: Sequence[Claim],
) -> Damage:
    """Return what a problem does, as of a tick.

    Args:
        candidate: its symptoms.
        previous: the incident it is, as it stood; None for a new one.
        tick: readings of KPIs, and what was measured.
        knowledge: topology, journeys and KPIs.
        claimed: what other live incidents may have cost.
    """
    symptoms, before = candidate.symptoms, previous.affected if previous else ()
    affected = count_affected(symptoms, tick.samples, before, tick.at, knowledge)
    blast = blast_radius(candidate, knowledge)
    impacts = assess(
        symptoms,
        tick.kpis,
        tick.at,
        knowledge,
        since=min(symptom.onset for symptom in symptoms),
        regions=blast.regions,
        others=claimed,
        affected=affected,
    )
    blast = confine(blast, symptoms, impacts)
    blast = replace(blast, hits=hits(blast, symptoms, impacts, knowledge))
    cost = cost_of(blast, impacts, tick.kpis, knowledge)
    return Damage(blast=blast, impacts=impacts, affected=affected, cost=cost)
