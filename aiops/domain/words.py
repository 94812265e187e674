"""What people say of an incident, where they say it, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

BUTTON_PREFIX = "aiops."
"""What the ids of our buttons begin with, wherever they stand; the verb follows."""

KEY_SEPARATOR = "|"
"""Between an episode's dedup key and what makes the id of a row of buttons unique."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Overheard:
    """A person's word as another program brings it, before it is looked at here.

    Args:
        key: the dedup key of the episode it is about, as in "INC-1001.2".
        verb: what it says.
        place: where it was said.
        who: the person's name there.
        who_id: the person's id there.
        at: when, by the clock of that place, aware UTC.
        about: as in `Saying`; empty where only `about_id` is known.
        about_id: the id there of the person it is assigned to.
        action: as in `Saying`.
        channel: of the message it was said on, where it was a chat's.
        answer_url: where the person hears what became of it.
    """

    key: str
    verb: Verb
    place: Place
    who: str
    who_id: str
    at: datetime
    about: str = ""
    about_id: str = ""
    action: str = ""
    channel: str = ""
    answer_url: str = ""

    @property
    def incident_id(self) -> str:
        """Which incident it is about."""
        return self.key.rpartition(".")[0]

    @property
    def episode(self) -> int:
        """Which episode of it."""
        return int(self.key.rpartition(".")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks for something, and how they are answered.

    Args:
        name: theirs at that place.
        place: where they ask.
        id: theirs at that place, where it is known.
        key: the same when the same request comes twice; empty: every request is one of its own.
        answer_url: where they hear what became of it; empty where nobody waits.
    """

    name: str
    place: str
    id: str = ""
    key: str = ""
    answer_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """What another program brought that is no word of a person on an incident of ours, and why."""

    why: str
