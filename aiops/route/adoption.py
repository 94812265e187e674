"""Which incident a page of others is about, and whether it has called people for it already.

A page and an incident are the same problem when all of this holds:

- it was opened while the incident goes on, or not longer before its onset than
  `correlate.window_seconds`: an older one is about something else;
- the page names no other declared environment than the incident's;
- the page's service is one the incident touches: what the settings say the pager's service is,
  else the service of that name, else the services its title names;
- no other incident fits as well. Of several the one that is sick there itself fits better than one
  that only reaches it; where that does not settle it, it is nobody's.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Incident
from aiops.domain.naming import named_in, words_of
from aiops.domain.notifications import page_of
from aiops.domain.pages import OutsidePage

COVERS_AFTER = timedelta(minutes=15)
"""So long after its end a page still covers: monitors end theirs before we believe it is over."""

_TITLE_CHARACTERS = 80


class Match(NamedTuple):
    """What became of a page: who adopts it, or those that fit equally well, and why."""

    adopter: Incident | None
    fitting: tuple[Incident, ...]
    why: str


def match(page: OutsidePage, incidents: Sequence[Incident], knowledge: Knowledge) -> Match:
    """Return which of some incidents a page is about, by the rule of this module."""
    services = _services_of(page, knowledge)
    if not services:
        return Match(None, (), "it names no service of the topology")
    named = ", ".join(sorted(services))
    near = [
        one
        for one in incidents
        if _is_then(page, one, knowledge) and _is_there(page, one, knowledge)
    ]
    sick = tuple(one for one in near if services & _sick(one))
    fitting = sick or tuple(one for one in near if services & set(one.blast.reached))
    if len(fitting) == 1:
        return Match(fitting[0], fitting, f"it is about {named}")
    if not fitting:
        return Match(None, (), f"no incident touches {named} then")
    ids = " and ".join(sorted(one.id for one in fitting))
    return Match(None, fitting, f"it is about {named}, and {ids} fit equally well")


def covering_page(
    incident: Incident, pages: Iterable[OutsidePage], at: datetime
) -> OutsidePage | None:
    """Return the adopted page that has called people for an incident, None where none has.

    It woke somebody (its urgency is not low), and is open or ended a quarter of an hour ago at
    most: what goes on after that is called for again.
    """
    adopted = {page_of(one) for one in incident.adopted}
    covering = (
        one
        for one in pages
        if one.id in adopted
        and one.urgency != "low"
        and (one.ended_at is None or one.ended_at > at - COVERS_AFTER)
    )
    return min(covering, key=lambda one: (one.opened_at, one.id), default=None)


def page_words(page: OutsidePage) -> str:
    """Return how a page of others is named, as in 'PagerDuty incident Q1ABC "API errors"'."""
    title = page.title[:_TITLE_CHARACTERS]
    return f'PagerDuty incident {page.id} "{title}"' if title else f"PagerDuty incident {page.id}"


def _services_of(page: OutsidePage, knowledge: Knowledge) -> frozenset[str]:
    """Return the services a page is about: as declared, else by its service's name, else title."""
    declared = dict(knowledge.policies.paging.page_services)
    for name in (page.service_id, page.service):
        if name in declared:
            return frozenset({declared[name]})
    names = frozenset(knowledge.graph.services)
    same = named_in(page.service, names)
    equal = frozenset(one for one in same if words_of(one) == words_of(page.service))
    return equal or named_in(page.title, names) or same


def _is_then(page: OutsidePage, incident: Incident, knowledge: Knowledge) -> bool:
    early = timedelta(seconds=knowledge.policies.correlate.window_seconds)
    return page.opened_at >= incident.started_at - early


def _is_there(page: OutsidePage, incident: Incident, knowledge: Knowledge) -> bool:
    environments = knowledge.policies.paging.known_environments
    named = named_in(f"{page.title} / {page.service}", environments)
    return not named or incident.env in named


def _sick(incident: Incident) -> set[str]:
    causes = {cause.service for cause in incident.causes[:1]}
    return causes | set(incident.blast.sick) | {one.service for one in incident.symptoms}
