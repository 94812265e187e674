"""Which logs and traces a tick needs: of whom, and of which stretches of time. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from aiops.domain.environment import EnvState, Knowledge
from aiops.domain.symptoms import Symptom, SymptomFact
from aiops.domain.visibility import stands

PAST: Final = timedelta(hours=3)
"""How much time before an onset a template's own past is."""

DAY: Final = timedelta(days=1)
"""What happens every day at this time is no news either."""

AHEAD: Final = timedelta(minutes=5)
"""Lines count from so long before an onset on: it takes many failures to make a symptom."""

MOST_SERVICES: Final = 24
"""Services asked for in one tick, those with the strongest symptoms first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClueNeeds:
    """What is to be read of logs and traces.

    Args:
        services: whose.
        since: shortly before the earliest onset, aware UTC; a day ago at most.
        stretches: of log counts, as (first minute, last minute), inclusive.
    """

    services: tuple[str, ...]
    since: datetime
    stretches: tuple[tuple[datetime, datetime], ...]


def clue_needs(
    env: EnvState, facts: Sequence[SymptomFact], at: datetime, knowledge: Knowledge
) -> ClueNeeds | None:
    """Return what of logs and traces can tell of what is wrong, None where nothing is.

    Args:
        env: where the environment stands before the tick.
        facts: what is new at the tick.
        at: the tick, aware UTC.
        knowledge: for who calls whom.
    """
    members = {
        one.id for incident in env.incidents if incident.is_live for one in incident.symptoms
    }
    known: dict[str, Symptom] = {one.id: one for one in env.symptoms}
    known |= {fact.symptom.id: fact.symptom for fact in facts}
    sick = [one for one in known.values() if stands(one) and (one.is_open or one.id in members)]
    if not sick:
        return None
    suspects = [
        cause.service
        for incident in env.incidents
        if incident.is_live
        for cause in incident.causes[:1]
    ]
    since = max(min(one.onset for one in sick), at - DAY) - AHEAD
    return ClueNeeds(
        services=_services(sick, suspects, knowledge),
        since=since,
        stretches=((since - PAST, at), (since - DAY - AHEAD, min(at - DAY + PAST / 6, since))),
    )


def _services(
    sick: Sequence[Symptom], suspects: Sequence[str], knowledge: Knowledge
) -> tuple[str, ...]:
    """Return the suspects, who is sick, then whom they call: a cause may show nothing itself."""
    ordered = sorted(sick, key=lambda one: (-one.strength, one.id))
    named = dict.fromkeys((*suspects, *(one.service for one in ordered)))
    graph = knowledge.graph
    near = [
        other
        for service in tuple(named)[:MOST_SERVICES]
        if service in graph.services
        for other in (*sorted(graph.callees(service)), *sorted(graph.callers(service)))
    ]
    return tuple(dict.fromkeys((*named, *near)))[:MOST_SERVICES]
