"""Words that came from PagerDuty and Slack: kept durably, then taken into their incidents."""

import hashlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from aiops.domain.errors import DeliveryError, InputError, StaleStateError
from aiops.domain.pages import OutsidePage, OwnPage
from aiops.domain.words import Effect, Overheard, Passed, Place, Saying, Verb
from aiops.ingest import pagerduty_words, slack_words
from aiops.store.accepted import AcceptedBody
from workers.adopted import hear_pages, late_calls
from workers.answering import answer_at
from workers.declaring import REPORT, take_report
from workers.hearing import Said, take
from workers.wiring import Parts

COMMIT_SECONDS = 2.5
"""How long a sender waits for the database at most: Slack gives three seconds, PagerDuty five."""

BODIES_AT_ONCE = 200
LONGEST = timedelta(seconds=2)

_LOG = logging.getLogger(__name__)
_ANSWERS: Mapping[Verb, str] = {
    Verb.ACKNOWLEDGE: "{id} is yours.",
    Verb.ASSIGN: "{id} is assigned to {assignee}.",
    Verb.MITIGATE: "{id} is over. What comes back while it is watched calls again.",
    Verb.FIXED: "{id}: noted for the next one like it: {fixed_by}.",
    Verb.DISMISS: "{id} is closed as no incident; what it began with gets higher bars.",
}
_PARSERS: Mapping[str, Callable[[bytes], Overheard | OutsidePage | OwnPage | Passed]] = {
    "pagerduty": pagerduty_words.parse,
    "slack": slack_words.parse,
}


def keep(parts: Parts, source: str, key: str, body: bytes) -> None:
    """Store what somebody said elsewhere; one sent again is the same one.

    Args:
        parts: of this installation.
        source: `pagerduty` or `slack`.
        key: by which the sender knows it again; empty: its bytes are its key.
        body: as it came, without secrets.

    Raises:
        StoreError: it cannot be stored now.
    """
    accepted = AcceptedBody(
        idempotency_key=f"{source}:{key or hashlib.sha256(body).hexdigest()}",
        source=source,
        content_type="application/json",
        received_at=parts.clock.now(),
        body=body,
        traceparent=parts.telemetry.traceparent(),
        origin=parts.settings.origin,
    )
    parts.intake.accept(accepted).result(COMMIT_SECONDS)
    parts.queue.enqueue("ingest.hear")


def listen(parts: Parts) -> None:
    """Take the words that wait into their incidents; running it twice changes nothing.

    It stops after two seconds: whoever is answered may be slow, and a task of five seconds is
    given to another worker, too.
    """
    waiting = parts.words.waiting(BODIES_AT_ONCE)
    began = parts.real_clock.now()
    for body_id in waiting:
        if parts.real_clock.now() - began > LONGEST:
            parts.queue.enqueue("ingest.hear")
            break
        _hear(parts, body_id)
    hear_pages(parts)
    if waiting:
        parts.queue.enqueue("deliver.sweep")


def _hear(parts: Parts, body_id: int) -> None:
    body = parts.bodies.load(body_id)
    if body is None:
        return
    try:
        word = _word(parts, body_id, body)
    except InputError as error:
        parts.bodies.rejected(body_id, str(error))
        parts.telemetry.fault("words", f"{body.source}: {error}")
        return
    if word is None:
        return
    saying = _saying(parts, word, body.received_at)
    try:
        said = take(parts, word.incident_id, saying, body_id=body_id, traceparent=body.traceparent)
    except StaleStateError:
        return  # another worker has heard it, or the next sweep will
    except InputError as error:
        parts.bodies.rejected(body_id, str(error))
        _answer(parts, word, f"Nothing was done: {error}.")
        return
    _answer(parts, word, answer_words(said, saying))


def _word(parts: Parts, body_id: int, body: AcceptedBody) -> Overheard | None:
    """Return the word on an incident that a body brings; None where it brought another thing.

    Raises:
        InputError: it cannot be read.
    """
    if body.source == REPORT:
        take_report(parts, body_id, body)
        return None
    word = _PARSERS[body.source](body.body)
    if isinstance(word, OutsidePage):
        parts.pages.keep(word, parts.settings.origin, body_id)
    elif isinstance(word, OwnPage):
        parts.outbox.tell(late_calls(parts, word), body_id, now=parts.clock.now())
    elif isinstance(word, Passed) or _is_echo(parts, word):
        parts.bodies.done(body_id)
    else:
        return word
    return None


def _is_echo(parts: Parts, word: Overheard) -> bool:
    """Return whether a word is one of our own that comes back: said in the name we write in."""
    names = {sink.write_as for sink in parts.settings.sinks if sink.write_as}
    return bool(names) and parts.people.name_of(word.place, word.who_id) in names


def _saying(parts: Parts, word: Overheard, received_at: datetime) -> Saying:
    """Return a word as ours: when it was said by the product's clock, and on which sink."""
    # A clock of our own, as the demo's, knows nothing of when it was by theirs.
    at = received_at if parts.settings.clock else min(word.at, received_at)
    return Saying(
        verb=word.verb,
        who=parts.people.name_of(word.place, word.who_id) or word.who,
        why="",
        at=at,
        place=word.place,
        about=parts.people.name_of(word.place, word.about_id) or word.about or word.about_id,
        action=word.action,
        episode=word.episode,
        sink=_sink(parts, word),
    )


def _sink(parts: Parts, word: Overheard) -> str:
    """Return the sink a word was said on: of its kind, and of its channel where it has one."""
    kind = {Place.PAGERDUTY: "pagerduty", Place.SLACK: "slack"}[word.place]
    names = [sink.name for sink in parts.settings.sinks if sink.kind == kind]
    for name in names:
        told = parts.outbox.reference(word.incident_id, word.episode, name) or {}
        if word.channel and told.get("channel") == word.channel:
            return name
    return names[0] if names else ""


def answer_words(said: Said, saying: Saying) -> str:
    """Return what the person who said something hears of it."""
    one = said.incident
    if said.effect not in (Effect.DONE, Effect.NOTED):
        return f"{one.id}: {said.effect}."
    if saying.verb is Verb.ACKNOWLEDGE and one.acknowledged_by != saying.who:
        return f"{one.acknowledged_by} has {one.id} already; it is noted that you look."
    return _ANSWERS.get(saying.verb, "{id}: thank you, it is noted.").format(
        id=one.id, assignee=one.assignee, fixed_by=one.fixed_by
    )


def _answer(parts: Parts, word: Overheard, text: str) -> None:
    """Tell the person who pressed something what became of it; what they see changes anyhow."""
    try:
        answer_at(parts, word.answer_url, text)
    except DeliveryError as error:
        _LOG.info("nobody could be answered: %s", error)
