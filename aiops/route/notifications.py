"""Which sinks hear of which revision: from a decision to the rows of the outbox."""

from dataclasses import replace
from datetime import datetime, timedelta

from aiops.domain.environment import EnvTick, Knowledge
from aiops.domain.incidents import Decision, Incident, IncidentState, Severity
from aiops.domain.notifications import DeliveryAction, Notification, address
from aiops.domain.pulses import PULSE_ENV, PULSE_ID, PULSE_SINK, PULSE_SOURCE

STABLE_AFTER = timedelta(seconds=10)
"""A first cause that two looks so far apart agree on is stable: a page need not wait for more."""

_LIKELY = 0.5

NOTE_WAITS = timedelta(minutes=2)
"""News for a page of others wait so long for company: what flaps back is never told."""

OWN_PAGE_AFTER = timedelta(seconds=15)
"""So long after its event our page is there to be given what events cannot say."""


def plan(
    incident: Incident,
    previous: Incident | None,
    at: datetime,
    knowledge: Knowledge,
    *,
    live: bool = True,
) -> tuple[Incident, tuple[Notification, ...]]:
    """Return the incident with what it was told to, and the notifications that tell it.

    A sink is triggered once per episode, updated for every later revision while the incident is
    live, and told of the end exactly once. A sink that was never told hears of nothing, and
    nobody new is told of what is quiet already. A page that still waits for company goes out
    earlier (`paged_at`) once the first cause is stable, or the incident is one that does not wait.
    Pages of others that were adopted are told alike.

    Args:
        incident: the new revision.
        previous: the revision before it, None for the first.
        at: product time, aware UTC.
        knowledge: for the paging policy.
        live: False while catching up on the past: then only who was told before hears more.
    """
    if not incident.is_live:
        return incident, _endings(incident, previous, at)
    updates = _updates(incident, previous, at) + _first_notes(incident, previous, at, knowledge)
    if incident.decision is Decision.NONE or not live or incident.quiet_since is not None:
        return incident, updates
    fresh = tuple(sink for sink in _sinks(incident, knowledge) if sink not in incident.told)
    wait = 0 if _is_stable(incident, previous, at) else _settle_seconds(incident, knowledge)
    not_before = at + timedelta(seconds=wait)
    if incident.decision is Decision.PAGE:
        incident = replace(incident, paged_at=min(incident.paged_at or not_before, not_before))
    if fresh and not incident.told:
        incident = replace(incident, alerted=(*incident.alerted, at))
    incident = replace(incident, told=incident.told + fresh)
    triggers = tuple(
        notification(incident, sink, DeliveryAction.TRIGGER, not_before) for sink in fresh
    )
    own = _own_page(incident, previous, fresh, max(at, not_before), knowledge)
    return incident, updates + triggers + own


def echo(
    incident: Incident,
    previous: Incident,
    at: datetime,
    knowledge: Knowledge,
    *,
    said_on: str = "",
) -> tuple[Notification, ...]:
    """Return whom a person's word tells: every sink that was told, but the one it was said on.

    That one knows; where it shows incidents, what it shows is brought up to date, without a word.
    So is what others show where the word changed nothing that a pager tells: what fixed it, or
    that telling of it helped. Who hears of the end hears of it once. Whom it is assigned to is said
    to our own page by itself, where that can be: the pager's events cannot say it.

    Args:
        incident: after the word.
        previous: before it.
        at: product time, aware UTC.
        knowledge: for which sinks show incidents.
        said_on: name of the sink it was said on; empty for none.
    """
    if incident.revision == previous.revision:
        return ()
    action = _echoed(incident, previous)
    shown = set(knowledge.policies.paging.shown_sinks)
    notifications = []
    for sink in (*incident.told, *incident.adopted):
        if action is not DeliveryAction.REFRESH and sink != said_on:
            notifications.append(notification(incident, sink, action, at))
        elif sink in shown:
            notifications.append(notification(incident, sink, DeliveryAction.REFRESH, at))
    pager = knowledge.policies.paging.adopting_sink
    if action is DeliveryAction.UPDATE and pager in incident.told and pager != said_on:
        own = address(pager, incident.dedup_key)
        notifications.append(notification(incident, own, action, at))
    return tuple(notifications)


def pulses(tick: EnvTick) -> tuple[Notification, ...]:
    """Return what tells the outside monitor that the pulse came through; mostly nothing.

    Its revision is when the pulse began its way, in epoch seconds. It is an update: of several
    that wait, the newest is told for all.
    """
    came = [
        one.symptom
        for one in tick.facts
        if one.symptom.detector == PULSE_SOURCE and one.symptom.series.key.env == PULSE_ENV
    ]
    if not came or not tick.live:
        return ()
    newest = max(came, key=lambda one: one.last_seen)
    return (
        Notification(
            incident_id=PULSE_ID,
            episode=1,
            revision=int(newest.last_seen.timestamp()),
            sink=PULSE_SINK,
            action=DeliveryAction.UPDATE,
            not_before=tick.at,
            reason="the pulse came through",
            origin=newest.origin,
        ),
    )


def _echoed(incident: Incident, previous: Incident) -> DeliveryAction:
    """Return what a word asks of a sink it was not said on."""
    if previous.is_live and not incident.is_live:
        return DeliveryAction.RESOLVE
    if previous.state is not incident.state and incident.is_live:
        return DeliveryAction.ACKNOWLEDGE
    if previous.assignee != incident.assignee and incident.is_live:
        return DeliveryAction.UPDATE
    return DeliveryAction.REFRESH


def _sinks(incident: Incident, knowledge: Knowledge) -> tuple[str, ...]:
    paging = knowledge.policies.paging
    return paging.page_sinks if incident.decision is Decision.PAGE else paging.ticket_sinks


def _is_stable(incident: Incident, previous: Incident | None, at: datetime) -> bool:
    """Return whether what is blamed first is likely, and was the same some time ago."""
    if previous is None or not previous.causes or not incident.causes:
        return False
    first, before = incident.causes[0], previous.causes[0]
    is_same = (first.service, first.change) == (before.service, before.change)
    return is_same and first.confidence >= _LIKELY and at - previous.updated_at >= STABLE_AFTER


def _settle_seconds(incident: Incident, knowledge: Knowledge) -> int:
    if incident.severity is Severity.P1 or any(impact.is_money for impact in incident.impacts):
        return 0
    return knowledge.policies.paging.settle_seconds


def _updates(
    incident: Incident, previous: Incident | None, at: datetime
) -> tuple[Notification, ...]:
    if previous is None or previous.revision == incident.revision:
        return ()
    acknowledged = previous.state is IncidentState.OPEN and (
        incident.state is IncidentState.ACKNOWLEDGED
    )
    action = DeliveryAction.ACKNOWLEDGE if acknowledged else DeliveryAction.UPDATE
    later = at + NOTE_WAITS if action is DeliveryAction.UPDATE else at
    return (
        *(notification(incident, sink, action, at) for sink in incident.told),
        *(notification(incident, page, action, later) for page in _known_pages(incident, previous)),
    )


def _first_notes(
    incident: Incident, previous: Incident | None, at: datetime, knowledge: Knowledge
) -> tuple[Notification, ...]:
    """Return what tells the pages that were adopted just now."""
    known = _known_pages(incident, previous)
    not_before = at + timedelta(seconds=_settle_seconds(incident, knowledge))
    return tuple(
        notification(incident, page, DeliveryAction.TRIGGER, not_before)
        for page in incident.adopted
        if page not in known
    )


def _own_page(
    incident: Incident,
    previous: Incident | None,
    fresh: tuple[str, ...],
    at: datetime,
    knowledge: Knowledge,
) -> tuple[Notification, ...]:
    """Return what gives our own page its priority: the pager's events cannot say it."""
    pager = knowledge.policies.paging.adopting_sink
    is_other = previous is not None and previous.severity is not incident.severity
    if pager not in fresh and not (is_other and pager in incident.told):
        return ()
    own = address(pager, incident.dedup_key)
    return (notification(incident, own, DeliveryAction.REFRESH, at + OWN_PAGE_AFTER),)


def _known_pages(incident: Incident, previous: Incident | None) -> tuple[str, ...]:
    """Return the adopted pages that were told of this episode before."""
    if previous is None or previous.episode != incident.episode:
        return ()
    return tuple(page for page in incident.adopted if page in previous.adopted)


def _endings(
    incident: Incident, previous: Incident | None, at: datetime
) -> tuple[Notification, ...]:
    if previous is None or not previous.is_live:
        return ()
    told = (*incident.told, *_known_pages(incident, previous))
    return tuple(notification(incident, sink, DeliveryAction.RESOLVE, at) for sink in told)


def notification(
    incident: Incident, sink: str, action: DeliveryAction, not_before: datetime
) -> Notification:
    """Return the delivery of an incident as it stands to one sink, no sooner than a moment."""
    return Notification(
        incident_id=incident.id,
        episode=incident.episode,
        revision=incident.revision,
        sink=sink,
        action=action,
        not_before=not_before,
        reason=incident.decision_reason.value,
        urgency=_urgency(incident.severity, action),
        origin=incident.origin,
    )


def _urgency(severity: Severity, action: DeliveryAction) -> int:
    """Return what goes first: a call, or its end, before news of what people know already."""
    rank = list(Severity).index(severity) + 1
    is_news = action in (DeliveryAction.UPDATE, DeliveryAction.REFRESH)
    return rank + len(Severity) if is_news else rank
