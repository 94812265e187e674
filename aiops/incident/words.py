"""What a person's word makes of an incident; it wins over automation.

Every function is pure, and the words of an episode leave it the same in whatever order they
come and however often: the furthest state holds, the first to acknowledge or to end it counts,
the last to assign it or to name what fixed it. Each word stands in the timeline once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.timeline import TimelineEntry, TimelineKind
from aiops.domain.words import Effect, Saying, Verb
from aiops.incident.timeline import extend

ORDER = (
    IncidentState.OPEN,
    IncidentState.ACKNOWLEDGED,
    IncidentState.MITIGATED,
    IncidentState.RESOLVED,
)
"""How far an incident is in its life; no word takes it back."""

_MANY_TIMES = frozenset({Verb.ASSIGN, Verb.FIXED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An incident after a person's word, and what the word did to it."""

    incident: Incident
    effect: Effect


def hear(incident: Incident, saying: Saying) -> Heard:
    """Return what a person's word makes of an incident: a new revision where it says anything new.

    Args:
        incident: as it stands.
        saying: who says what, where, why and when.
    """
    if incident.state is IncidentState.MERGED:
        return Heard(incident=incident, effect=Effect.MERGED)
    if saying.episode not in (None, incident.episode):
        return Heard(incident=incident, effect=Effect.EARLIER_EPISODE)
    after = _noted(_STEPS[saying.verb](incident, saying), saying)
    if after == incident:
        return Heard(incident=incident, effect=Effect.ALREADY)
    is_same = after == replace(incident, timeline=after.timeline)
    after = replace(
        after,
        revision=incident.revision + 1,
        updated_at=max(incident.updated_at, saying.at),
    )
    return Heard(incident=after, effect=Effect.NOTED if is_same else Effect.DONE)


def acknowledge(incident: Incident, saying: Saying) -> Incident:
    """Return the incident as somebody's who looks at it; the first of several counts."""
    at, who = _first((incident.acknowledged_at, incident.acknowledged_by), saying)
    state = _furthest(incident, IncidentState.ACKNOWLEDGED)
    return replace(incident, state=state, acknowledged_at=at, acknowledged_by=who)


def assign(incident: Incident, saying: Saying) -> Incident:
    """Return the incident as given to `saying.about`; the last to say so is right."""
    at, who = _last((incident.assigned_at, incident.assignee), saying)
    return replace(incident, assigned_at=at, assignee=who)


def mitigate(incident: Incident, saying: Saying) -> Incident:
    """Return the incident as over for its users: the pager is resolved, the watch begins."""
    at, who = _first((incident.mitigated_at, incident.mitigated_by), saying)
    ended = replace(
        incident,
        state=_furthest(incident, IncidentState.MITIGATED),
        mitigated_at=at,
        mitigated_by=who,
    )
    return _resolved(ended) if ended.state is IncidentState.RESOLVED else ended


def resolve(incident: Incident, saying: Saying) -> Incident:
    """Return the incident as closed, without the watch or before its end."""
    return _resolved(replace(mitigate(incident, saying), state=IncidentState.RESOLVED))


def credit(incident: Incident, saying: Saying) -> Incident:
    """Return the incident with what fixed it, `saying.about`; the last to say so is right."""
    at, what = _last((incident.fixed_at, incident.fixed_by), saying)
    return replace(incident, fixed_at=at, fixed_by=what)


def dismiss(incident: Incident, saying: Saying) -> Incident:
    """Return the incident as none: a false alarm, closed at once."""
    at, who = _first((incident.dismissed_at, incident.dismissed_by), saying)
    return replace(resolve(incident, saying), dismissed_at=at, dismissed_by=who)


def rate(incident: Incident, saying: Saying) -> Incident:
    """Return the incident as it is: whether telling of it helped changes nothing in its life."""
    return incident


_STEPS: Mapping[Verb, Callable[[Incident, Saying], Incident]] = MappingProxyType(
    {
        Verb.ACKNOWLEDGE: acknowledge,
        Verb.ASSIGN: assign,
        Verb.MITIGATE: mitigate,
        Verb.RESOLVE: resolve,
        Verb.FIXED: credit,
        Verb.DISMISS: dismiss,
        Verb.USEFUL: rate,
        Verb.NOT_USEFUL: rate,
    }
)


def _furthest(incident: Incident, state: IncidentState) -> IncidentState:
    return max(incident.state, state, key=ORDER.index)


def _resolved(incident: Incident) -> Incident:
    """Return a closed incident with its end: when users met it no more, at most when it was said.

    The quiet before somebody ended it is when it ended; without any it ended as they said.
    """
    said, quiet = incident.mitigated_at, incident.quiet_since
    ended = quiet if said is None or (quiet is not None and quiet <= said) else said
    return replace(incident, resolved_at=ended)


def _first(known: tuple[datetime | None, str], saying: Saying) -> tuple[datetime, str]:
    at, who = known
    return (saying.at, saying.who) if at is None else min((at, who), (saying.at, saying.who))


def _last(known: tuple[datetime | None, str], saying: Saying) -> tuple[datetime, str]:
    at, what = known
    return (saying.at, saying.about) if at is None else max((at, what), (saying.at, saying.about))


def _noted(incident: Incident, saying: Saying) -> Incident:
    """Return the incident with the word in its timeline.

    Of the same word of the same person in an episode the first is kept; assignments and fixes
    can change, so each of them is told.
    """
    entry = TimelineEntry(
        at=saying.at, kind=TimelineKind.PERSON, text=_text(saying), source=_source(incident, saying)
    )
    same = [
        one for one in incident.timeline if one.kind is entry.kind and _is_same(one, entry, saying)
    ]
    kept = min([*same, entry], key=lambda one: (one.at, -len(one.text), one.text))
    if kept in same:
        return incident
    rest = [one for one in incident.timeline if one not in same]
    return replace(incident, timeline=extend(rest, [kept]))


def _is_same(one: TimelineEntry, entry: TimelineEntry, saying: Saying) -> bool:
    if one.source != entry.source:
        return False
    return one.at == entry.at or saying.verb not in _MANY_TIMES


def _source(incident: Incident, saying: Saying) -> str:
    about = f":{saying.about}" if saying.verb in _MANY_TIMES else ""
    return f"word:{incident.episode}:{saying.verb}:{saying.who}{about}"


def _text(saying: Saying) -> str:
    """Return a word as the timeline tells it: what, who, where and why.

    Examples:
        >>> from datetime import UTC
        >>> at = datetime(2026, 4, 18, 10, 9, tzinfo=UTC)
        >>> _text(Saying(verb=Verb.ACKNOWLEDGE, who="ann", why="", at=at, place="Slack"))
        'acknowledged by ann on Slack'
    """
    words = _TEXTS[saying.verb].format(about=saying.about, who=saying.who)
    where = f" on {saying.place}" if saying.place else ""
    return f"{words}{where}: {saying.why}" if saying.why else f"{words}{where}"


_TEXTS: Mapping[Verb, str] = MappingProxyType(
    {
        Verb.ACKNOWLEDGE: "acknowledged by {who}",
        Verb.ASSIGN: "assigned to {about} by {who}",
        Verb.MITIGATE: "mitigated, said {who}",
        Verb.RESOLVE: "resolved by {who}",
        Verb.FIXED: "fixed by {about}, said {who}",
        Verb.DISMISS: "not an incident, said {who}",
        Verb.USEFUL: "useful, said {who}",
        Verb.NOT_USEFUL: "not useful, said {who}",
    }
)
