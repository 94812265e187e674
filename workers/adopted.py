"""What people said of pages that were adopted → the incidents that adopted them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from aiops.domain.errors import InputError, StaleStateError
from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.notifications import DeliveryAction, Notification, address, page_of
from aiops.domain.pages import OutsidePage, OwnPage, PageWord
from aiops.domain.words import Place, Saying, Verb
from aiops.route.notifications import notification
from workers.hearing import take
from workers.wiring import Parts

LATE_AFTER = timedelta(seconds=30)
"""A page that was opened late is looked at after so long: its end may be on its way."""


def hear_pages(parts: Parts) -> None:
    """Take what people said of adopted pages as words on their incidents, each once.

    It compares how things stand, so it may be asked at any time and any number of times: a
    webhook may come before its page is adopted, twice, or out of order.
    """
    if not parts.settings.policies.paging.adopting_sink:
        return
    for incident in parts.incidents.adopting():
        found = ((one, parts.pages.get(page_of(one))) for one in incident.adopted)
        pages = {one: page for one, page in found if page is not None}
        for place, word in news_of(incident, pages):
            try:
                take(parts, incident.id, _saying(parts, incident, place, word))
            except (InputError, StaleStateError) as error:
                parts.telemetry.fault("words", f"{place}: {error}")


def late_calls(parts: Parts, page: OwnPage) -> tuple[Notification, ...]:
    """Return what resolves a page of ours that was opened for what is over, nothing for others.

    The pager may open it after a person's word had ended everything: our call was on its way.
    """
    sink = parts.settings.policies.paging.adopting_sink
    incident = parts.incidents.get(page.key.rpartition(".")[0])
    if not sink or incident is None:
        return ()
    if incident.is_live and incident.dedup_key == page.key:
        return ()
    end = notification(
        incident,
        address(sink, page.id),
        DeliveryAction.RESOLVE,
        parts.clock.now() + LATE_AFTER,
    )
    return (end,)


def news_of(incident: Incident, pages: dict[str, OutsidePage]) -> Iterator[tuple[str, PageWord]]:
    """Yield what people said of adopted pages that their incident does not know yet.

    Who takes one of them has the incident. It is over where a person resolved one and no other
    that was adopted is open. What we told the pager ourselves comes back, and is no news.

    Args:
        incident: as it stands.
        pages: those it adopted, by address.
    """
    said = sorted((word, address) for address, one in pages.items() for word in one.words)
    is_over = all(one.ended_at is not None for one in pages.values())
    taken = next((pair for pair in said if pair[0].verb is Verb.ACKNOWLEDGE), None)
    if taken is not None and incident.state is IncidentState.OPEN:
        yield taken[1], taken[0]
    ended = next((pair for pair in reversed(said) if pair[0].verb is Verb.MITIGATE), None)
    if ended is not None and incident.is_live and is_over:
        yield ended[1], ended[0]


def _saying(parts: Parts, incident: Incident, place: str, word: PageWord) -> Saying:
    return Saying(
        verb=word.verb,
        who=parts.people.name_of(Place.PAGERDUTY, word.who_id) or word.who,
        why="",
        at=_moment(parts, incident, word),
        place=Place.PAGERDUTY,
        episode=incident.episode,
        sink=place,
    )


def _moment(parts: Parts, incident: Incident, word: PageWord) -> datetime:
    """Return when a word counts by the product's clock: not before the incident, nor later."""
    now = parts.clock.now()
    # A clock of our own, as the demo's, knows nothing of when it was by theirs.
    return now if parts.settings.clock else min(max(word.at, incident.started_at), now)
