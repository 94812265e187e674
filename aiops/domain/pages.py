"""Pages that others sent: incidents of the team's pager that are not ours."""

from dataclasses import dataclass
from datetime import datetime


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
    """

    id: str
    title: str
    service: str
    urgency: str
    opened_at: datetime
    seen_at: datetime
    ended_at: datetime | None = None
    url: str = ""
