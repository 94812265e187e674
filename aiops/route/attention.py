"""How much attention an owner may be asked for in a day, and the digest of what goes beyond."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from aiops.domain.digests import Digest, DigestEntry, HeldBack
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Incident, Severity
from aiops.domain.symptoms import Origin
from aiops.domain.time import clock_time


def spent_budget(
    incident: Incident, others: Iterable[Incident], at: datetime, knowledge: Knowledge
) -> str:
    """Return why an incident has to wait for its owner's next digest; empty where it need not.

    Each episode that people were told of counts once, on the day of the owner's zone it was told
    on. A P1 is always told, and counts. Only what is live is counted, and only where a sink takes
    digests: nothing may be lost.

    Args:
        incident: that nobody was told of in this episode.
        others: of the same environment, in any state.
        at: event time, aware UTC.
        knowledge: for the budget, and for the owner's zone.
    """
    paging = knowledge.policies.paging
    is_counted = paging.alerts_per_day > 0 and knowledge.origin is Origin.LIVE
    if not is_counted or not paging.digest_sinks or incident.severity is Severity.P1:
        return ""
    zone = _zone_of(incident.owner, knowledge)
    today = at.astimezone(zone).date()
    spent = 0
    for one in others:
        if one.alerted and one.owner == incident.owner:
            spent += sum(told.astimezone(zone).date() == today for told in one.alerted)
            if spent >= paging.alerts_per_day:
                who = incident.owner_title or incident.owner or "nobody"
                return f"{paging.alerts_per_day} alerts for {who} on {today:%d %b} ({zone})"
    return ""


def digest_of(
    held: Sequence[HeldBack], incidents: Iterable[Incident], at: datetime, knowledge: Knowledge
) -> Digest | None:
    """Return the digest of what was held back from one owner, None where nothing is left of it.

    Left out is what people were told of by itself meanwhile.

    Args:
        held: of one owner, at least one.
        incidents: those it speaks of, as they stand.
        at: the product's time, aware UTC.
        knowledge: for the name of the owner.
    """
    episodes = {(one.incident_id, one.episode) for one in held}
    untold = [
        one
        for one in incidents
        if any(name == one.id and not _is_told(one, episode) for name, episode in episodes)
    ]
    if not untold:
        return None
    return _digest(
        held[0].owner,
        untold,
        min(one.held_at for one in held),
        f"more than {knowledge.policies.paging.alerts_per_day} alerts in a day",
        at,
        knowledge,
    )


def overflow_of(
    incidents: Sequence[Incident], since: datetime, sink: str, at: datetime, knowledge: Knowledge
) -> Digest:
    """Return the digest of what one owner would have to wait for: the sink has too much to tell.

    Args:
        incidents: of one owner, at least one, as they stand.
        since: when the first of it was decided, aware UTC.
        sink: its name.
        at: the product's time, aware UTC.
        knowledge: for the name of the owner.
    """
    why = f"more than {sink} takes in a minute"
    return _digest(incidents[0].owner or "", incidents, since, why, at, knowledge)


def _digest(  # noqa: PLR0917  # one argument per thing a digest says
    owner: str,
    incidents: Iterable[Incident],
    since: datetime,
    why: str,
    at: datetime,
    knowledge: Knowledge,
) -> Digest:
    worst_first = sorted(incidents, key=lambda one: (one.severity, one.started_at, one.id))
    titles = {team.name: team.title for team in knowledge.teams}
    titles = {one.owner or "": one.owner_title for one in worst_first if one.owner_title} | titles
    return Digest(
        owner=owner,
        owner_title=titles.get(owner, owner or "nobody in particular"),
        at=at,
        since=since,
        why=why,
        entries=tuple(
            DigestEntry(incident_id=one.id, severity=one.severity.value, text=_words(one))
            for one in worst_first
        ),
    )


def _is_told(incident: Incident, episode: int) -> bool:
    return incident.episode == episode and bool(incident.told)


def _words(incident: Incident) -> str:
    return f"{incident.title} ({incident.state.value}, since {clock_time(incident.started_at)})"


def _zone_of(owner: str | None, knowledge: Knowledge) -> ZoneInfo:
    zones = (team.zone for team in knowledge.teams if team.name == owner)
    return ZoneInfo(next(zones, "UTC"))
