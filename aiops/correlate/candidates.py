"""Symptom → Candidate: what belongs together, and what explains it."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from aiops.correlate.causes import rank_causes
from aiops.correlate.grouping import Group, group_symptoms
from aiops.domain.changes import Change
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Candidate, Cause, Incident
from aiops.domain.samples import Samples
from aiops.domain.symptoms import Symptom, SymptomKind


def correlate(
    symptoms: Sequence[Symptom],
    incidents: Sequence[Incident],
    changes: Sequence[Change],
    at: datetime,
    knowledge: Knowledge,
    *,
    is_news: Callable[[Group], bool] = lambda _group: True,
    samples: Samples | None = None,
) -> tuple[Candidate, ...]:
    """Group the symptoms of one environment into problems, and rank the causes of each.

    The result depends on nothing but the sets of its inputs: not on their order or repetition.

    Args:
        symptoms: every open symptom, and ended ones that belong to a live incident.
        incidents: live incidents (open, acknowledged) with their members.
        changes: every change young enough to explain something.
        at: the tick, aware UTC.
        knowledge: topology, journeys, KPIs, memory and policies.
        is_news: which groups to look at; the others are known as they are, and left out.
        samples: what was measured; None where only the symptoms tell.

    Returns:
        Candidates by first onset. Every symptom is in exactly one of them, members of an incident
        stay together, and a candidate names the live incidents its members already belong to:
        more than one asks for a merge, the one that keeps its name first.
    """
    groups = group_symptoms(symptoms, incidents, changes, at, knowledge)
    return tuple(_candidate(one, changes, at, knowledge, samples) for one in groups if is_news(one))


def _candidate(
    group: Group,
    changes: Sequence[Change],
    at: datetime,
    knowledge: Knowledge,
    samples: Samples | None,
) -> Candidate:
    measured = tuple(one for one in group.symptoms if one.kind is not SymptomKind.REPORT)
    telling = measured or group.symptoms
    causes, ruled_out = rank_causes(telling, changes, at, knowledge, samples)
    if not measured:
        causes = _beyond(causes, {one.id for one in group.symptoms})
    return Candidate(
        symptoms=group.symptoms,
        causes=causes,
        incident_ids=group.incident_ids,
        ruled_out=ruled_out,
        why=group.why,
    )


def _beyond(causes: Sequence[Cause], reports: Collection[str]) -> tuple[Cause, ...]:
    """Return the causes for which something speaks beside what people reported.

    Who reports that a service fails has not said why.
    """
    return tuple(
        one for one in causes if any(clause.source not in reports for clause in one.evidence)
    )
