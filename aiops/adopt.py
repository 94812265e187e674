"""Pages of others that are about a problem of ours: adopted, told in notes, never paged again.

What is the same problem says `aiops.route.adoption`. Pure; one step of `aiops.pipeline`.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from aiops.domain.environment import EnvTick, Knowledge
from aiops.domain.incidents import Incident, Severity
from aiops.domain.notifications import address
from aiops.domain.pages import OutsidePage
from aiops.domain.policies import Mode
from aiops.domain.time import clock_time
from aiops.domain.timeline import TimelineEntry, TimelineKind
from aiops.incident.timeline import extend
from aiops.route.adoption import Match, match, page_words
from aiops.route.silence import silence_of


def adopt(
    incidents: Iterable[Incident], tick: EnvTick, knowledge: Knowledge
) -> dict[str, Incident]:
    """Return by id the incidents that adopt a page at this tick, or say why none does.

    Pages are adopted where notes can be written, at live ticks, by incidents that may call people:
    neither silenced nor minor, and not where the owner is only observed.

    Args:
        incidents: of the environment, as they stand.
        tick: with the pages that are known.
        knowledge: for the topology and the paging policy.
    """
    sink = knowledge.policies.paging.adopting_sink
    if not sink or not tick.live or not tick.pages:
        return {}
    known = {one.id: one for one in incidents}
    taken = {page for one in known.values() if one.is_live for page in one.adopted}
    changed: dict[str, Incident] = {}
    for page in sorted(tick.pages, key=lambda one: (one.opened_at, one.id)):
        mine = address(sink, page.id)
        is_ours = any(page.title.startswith(f"{name} ") for name in known)
        if page.ended_at is not None or mine in taken or is_ours:
            continue
        may = [one for one in known.values() if _may_adopt(one, tick, knowledge)]
        found = match(page, may, knowledge)
        for one in found.fitting:
            after = _noted(one, page, found, tick.at)
            if found.adopter is not None:
                after = replace(after, adopted=(*after.adopted, mine))
            if after != one:
                known[one.id] = changed[one.id] = after
    return changed


def _may_adopt(incident: Incident, tick: EnvTick, knowledge: Knowledge) -> bool:
    paging = knowledge.policies.paging
    return (
        incident.is_live
        and incident.quiet_since is None
        and incident.severity is not Severity.P4
        and incident.env in paging.paging_environments
        and paging.mode_of(incident.owner) is not Mode.OBSERVE
        and silence_of(incident, tick.silences) is None
    )


def _noted(incident: Incident, page: OutsidePage, found: Match, at: datetime) -> Incident:
    """Return an incident whose timeline says what became of a page, once."""
    done = "adopted" if found.adopter is not None else "not adopted"
    opened = f"opened {clock_time(page.opened_at)}"
    entry = TimelineEntry(
        at=at,
        kind=TimelineKind.DECISION,
        text=f"{page_words(page)}, {opened}, is {done}: {found.why}",
        source=f"page:{page.id}:{done}",
    )
    if any(one.source == entry.source for one in incident.timeline):
        return incident
    return replace(incident, timeline=extend(incident.timeline, [entry]))
