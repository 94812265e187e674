"""What a person says of one incident: the incident after it, whom that tells, and what is learnt.

Pure, as `regroup` is, which hears what they say of several.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Incident
from aiops.domain.marks import Mark
from aiops.domain.notifications import Notification
from aiops.domain.outcomes import Outcome
from aiops.domain.words import Effect, Saying, Verb
from aiops.incident import timeline, words
from aiops.learn.marks import marks_of
from aiops.route.notifications import echo


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a person's word, to be stored in one step.

    Args:
        incident: as it stands then.
        effect: what the word did.
        notifications: whom it tells.
        outcome: what it says of how the incident ended, None for nothing.
        marks: what it sets on the incident's leading series.
    """

    incident: Incident
    effect: Effect
    notifications: tuple[Notification, ...] = ()
    outcome: Outcome | None = None
    marks: tuple[Mark, ...] = ()


def hear(incident: Incident, saying: Saying, at: datetime, knowledge: Knowledge) -> Answer:
    """Hear a person's word on an incident.

    Args:
        incident: as it stands.
        saying: who says what, where, why and when.
        at: when it is heard, product time, aware UTC; a webhook may bring what was said before.
        knowledge: for who is told.

    Returns:
        The incident with a new revision where the word said anything new, else as it was.
    """
    heard = words.hear(incident, saying)
    if heard.effect in (Effect.MERGED, Effect.EARLIER_EPISODE):
        return Answer(incident=incident, effect=heard.effect)
    after = heard.incident
    told: tuple[Notification, ...] = ()
    if after != incident:
        told = echo(after, incident, at, knowledge, said_on=saying.sink)
        after = timeline.decided(after, incident, told, at)
    outcome = _outcome(after, saying)
    dismissed = outcome is not None and saying.verb is Verb.DISMISS
    return Answer(
        incident=after,
        effect=heard.effect,
        notifications=told,
        outcome=outcome,
        marks=marks_of(after, outcome, saying.why) if outcome and dismissed else (),
    )


def _outcome(incident: Incident, saying: Saying) -> Outcome | None:
    """Return what a word says of how the incident ended, None where it says nothing of it."""
    said = Outcome(incident_id=incident.id, at=saying.at, judged_by=saying.who)
    match saying.verb:
        case Verb.FIXED:
            return replace(said, fixed_by=saying.about, action=saying.action)
        case Verb.DISMISS:
            return replace(said, real=False, cause_service=saying.about)
        case Verb.USEFUL | Verb.NOT_USEFUL:
            return replace(said, useful=saying.verb is Verb.USEFUL)
        case _:
            return None
