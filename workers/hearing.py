"""A person's word on an incident: applied, audited, told to the other ends, all in one step."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from aiops import hear
from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident
from aiops.domain.marks import Mark
from aiops.domain.words import Effect, Place, Saying, Verb
from aiops.notify.phrases import clean
from aiops.store.audit import AuditEntry
from aiops.store.words import Deed
from workers.regrouping import find
from workers.wiring import Parts

_NEEDS_ABOUT = {
    Verb.ASSIGN: "say who it goes to: a person, or a team of aiops.yaml",
    Verb.FIXED: "say what fixed it, as in 'rolled back 2026.04.18-3'",
}
_NAME_CHARACTERS = 80
_WORDS_CHARACTERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What became of a person's word.

    Args:
        incident: as it stands then; the one that is left where it was merged into another.
        effect: what the word did.
        marks: what it set on series.
    """

    incident: Incident
    effect: Effect
    marks: tuple[Mark, ...] = ()


def say(
    parts: Parts,
    name: str,
    verb: Verb,
    *,
    by: str,
    why: str = "",
    about: str = "",
    place: str = Place.COMMAND_LINE,
) -> Said:
    """Say something of an incident, now; said twice, the second time changes nothing.

    Args:
        parts: of this installation.
        name: its id; of one that was merged, the one it went to is meant.
        verb: what is said.
        by: who says so.
        why: in their words.
        about: who it is assigned to, or what fixed it.
        place: where they said it.

    Raises:
        InputError: there is no such incident, or something is not said.
    """
    now = parts.clock.now()
    saying = Saying(verb=verb, who=by, why=why, about=about, at=now, place=place)
    return take(parts, name, saying)


def take(
    parts: Parts, name: str, saying: Saying, *, body_id: int | None = None, traceparent: str = ""
) -> Said:
    """Take a person's word on an incident, wherever and whenever it was said.

    Args:
        parts: of this installation.
        name: its id.
        saying: the word.
        body_id: of the accepted body that brought it; it is done in the same step.
        traceparent: W3C trace context of that body.

    Raises:
        InputError: there is no such incident, or something is not said.
        StaleStateError: the body was heard already.
    """
    saying = _checked(saying)
    incident = find(parts, name)
    while True:
        if incident.merged_into is not None:
            incident = find(parts, incident.merged_into)
            saying = replace(saying, episode=None)
            continue
        try:
            deed = parts.words.take(
                incident.id,
                partial(_deed, parts, saying),
                body_id=body_id,
                traceparent=traceparent,
            )
        except _MergedMeanwhileError:
            incident = find(parts, incident.id)
            continue
        return Said(incident=deed.incident, effect=deed.effect, marks=deed.marks)


class _MergedMeanwhileError(Exception):
    """The incident became a link while it was spoken of."""


def _deed(parts: Parts, saying: Saying, incident: Incident) -> Deed:
    """Return what a word comes to on an incident as it stands."""
    now = parts.clock.now()
    answer = hear.hear(incident, saying, now, parts.knowledge())
    if answer.effect is Effect.MERGED:
        raise _MergedMeanwhileError
    after = answer.incident
    is_ended = incident.is_live and not after.is_live
    return Deed(
        incident=after,
        effect=answer.effect,
        entry=_entry(saying, after, answer, now),
        notifications=answer.notifications,
        outcome=answer.outcome,
        marks=answer.marks,
        is_ended=is_ended,
        ended_on=saying.sink if is_ended else "",
        is_news=after != incident,
    )


def _entry(saying: Saying, incident: Incident, answer: hear.Answer, now: datetime) -> AuditEntry:
    marks = [f"{one.name} {one.kind}" for one in answer.marks]
    said = ", ".join(text for text in (saying.about, saying.why, *marks) if text)
    where = f"(said on {saying.place})" if saying.place else ""
    return AuditEntry(
        at=now,
        actor=saying.who,
        action=saying.verb,
        subject=incident.id,
        detail=" ".join(text for text in (said, f"{where}:", answer.effect) if text),
        origin=incident.origin,
    )


def _checked(saying: Saying) -> Saying:
    """Return a word whose texts anything can carry.

    Raises:
        InputError: nobody says it, or what it is about is missing.
    """
    saying = replace(
        saying,
        who=clean(saying.who, _NAME_CHARACTERS),
        why=clean(saying.why, _WORDS_CHARACTERS),
        about=clean(saying.about, _WORDS_CHARACTERS),
    )
    if not saying.who:
        raise InputError("say who says so: a name, or an e-mail address")
    if saying.verb in _NEEDS_ABOUT and not saying.about:
        raise InputError(_NEEDS_ABOUT[saying.verb])
    return saying
