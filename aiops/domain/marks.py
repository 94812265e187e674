"""What people say of a series: it matters, it is loud, or it is like any other again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class MarkKind(StrEnum):
    """What a person makes of a series."""

    IMPORTANT = "important"
    NOISY = "noisy"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A person's word on a metric of a service: important lowers its bars, noisy raises them.

    Marks are only ever added: the newest on a metric of a service holds, and `none` takes back
    what was said before.

    Args:
        service: of the series, in every environment, region and segment.
        metric: of the series.
        kind: what the person made of it.
        at: when, aware UTC; ticks before it are judged without it.
        by: the person.
        why: in the person's words.
        incident_id: the incident it was said of; empty for none.
        until: when it expires; None: never.
    """

    service: str
    metric: str
    kind: MarkKind
    at: datetime
    by: str
    why: str = ""
    incident_id: str = ""
    until: datetime | None = None

    @property
    def name(self) -> str:
        """Service and metric, as in the settings `detect.important` and `detect.noisy`."""
        return f"{self.service}:{self.metric}"
