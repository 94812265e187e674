"""What people say of an incident, where they say it, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verb(StrEnum):
    """What a person can say of an incident."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    MITIGATE = "mitigate"
    RESOLVE = "resolve"
    FIXED = "fixed"
    DISMISS = "dismiss"
    USEFUL = "useful"
    NOT_USEFUL = "not-useful"


class Place(StrEnum):
    """Where a person said it."""

    COMMAND_LINE = "the command line"
    CONSOLE = "the console"
    SLACK = "Slack"
    PAGERDUTY = "PagerDuty"


class Effect(StrEnum):
    """What became of a person's word; stored in the audit log and shown to who said it."""

    DONE = "done"
    NOTED = "noted; it stands so already"
    ALREADY = "said before; nothing changed"
    EARLIER_EPISODE = "it is about an episode that is over; nothing changed"
    MERGED = "the incident was merged into another; nothing changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a person says of incidents: `who`, `why` in their words, when (aware UTC) and where."""

    who: str
    why: str
    at: datetime
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying(Word):
    """One word of a person on one incident.

    Args:
        verb: what it says.
        about: who it is assigned to, or what fixed it; of what is no incident the service it was
            about, where somebody knows. Empty for the other verbs.
        action: the name of that action, as in `Suggestion.action`, where it is one of ours.
        episode: the episode it was said of; None: whichever the incident is in.
        sink: the sink it was said on, which need not be told again; empty for none.
    """

    verb: Verb
    about: str = ""
    action: str = ""
    episode: int | None = None
    sink: str = ""
