"""Pages that others sent: incidents of the team's pager that are not ours."""

from dataclasses import dataclass, replace
from datetime import datetime

from aiops.domain.words import Verb


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PageWord:
    """What a person said of such an incident there: took it, or called it over.

    Args:
        at: when, by the pager's clock, aware UTC.
        verb: `acknowledge` or `mitigate`.
        who: the person's name there.
        who_id: the person's id there.
    """

    at: datetime
    verb: Verb
    who: str
    who_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsidePage:
    """One incident of the pager, opened by somebody else's alert.

    Args:
        id: the pager's id of it.
        title: what people were woken with.
        service: the name of the pager's service it was opened on.
        urgency: `high` or `low`, as the pager says; low ones wake nobody.
        opened_at: aware UTC.
        ended_at: aware UTC; None: not that we know.
        seen_at: the pager's time of what this was read from, aware UTC; later news win.
        url: where people look at it.
        service_id: the pager's id of its service; empty where nobody told.
        words: what people said of it there, in order; each once.
    """

    id: str
    title: str
    service: str
    urgency: str
    opened_at: datetime
    seen_at: datetime
    ended_at: datetime | None = None
    url: str = ""
    service_id: str = ""
    words: tuple[PageWord, ...] = ()


def joined(first: OutsidePage, second: OutsidePage) -> OutsidePage:
    """Return what two pieces of news of one page come to, in whatever order they came.

    The newest says how it stands; what people said is kept from both.
    """
    newest = max(first, second, key=lambda one: (one.seen_at, one.ended_at is not None, one.title))
    return replace(newest, words=tuple(sorted({*first.words, *second.words})))


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPage:
    """An incident that a call of ours opened at the pager.

    Args:
        id: the pager's id of it.
        key: the dedup key of the episode it is about, as in "INC-1001.2".
    """

    id: str
    key: str
