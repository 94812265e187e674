"""What a person reports: that something is wrong, said of a service in their own words."""

from dataclasses import dataclass
from datetime import datetime

from aiops.domain.incidents import Severity
from aiops.domain.series import DEFAULT_ENV


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A person's report, before it is evidence.

    Args:
        service: the one it is about, as we call it.
        words: what is wrong, in theirs.
        who: says so.
        at: when it was received, aware UTC, by the product's clock.
        severity: how bad, where they said so; else the rules judge it.
        region: the one region it names, None for none.
        segment: the one customer segment it names, None for none.
    """

    service: str
    words: str
    who: str
    at: datetime
    env: str = DEFAULT_ENV
    severity: Severity | None = None
    region: str | None = None
    segment: str | None = None
