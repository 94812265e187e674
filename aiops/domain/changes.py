"""Evidence of why: something somebody or something did to the system."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aiops.domain.series import DEFAULT_ENV

CHANGES = " changes"
"""Follows a sink's name where changes are shown: no sink can be named so. They are delivered beside
its messages, and hold none of them up."""

CHANGE_PREFIX = "change:"
"""What stands before a change's id in the outbox, where else an incident's id does."""


class ChangeKind(StrEnum):
    """What was done."""

    DEPLOY = "deploy"
    FLAG = "flag"
    CONFIG = "config"
    MIGRATION = "migration"
    SCALING = "scaling"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Evidence of why: a deploy, flag, config, migration, scaling or maintenance. Never a symptom.

    Args:
        id: stable: the same change reported twice has the same id.
        kind: what was done.
        service: to which service; empty where the sender did not say.
        ref: version, flag name, ticket … as people would say it.
        started_at: aware UTC.
        ended_at: None while it lasts, or where its kind has no end.
        region: the one region it reached, or None for all.
        segment: the one customer segment it reached, or None for all.
        percentage: share of traffic in (0, 100], or None for all.
        reverts: the ref that this change takes back (a rollback is no culprit).
        status: `on`/`off` for a flag, `started`/`finished`/`failed` otherwise, or empty.
        about: what a tool said it was about, where that leads to no service of ours; else empty.
    """

    id: str
    kind: ChangeKind
    service: str
    ref: str
    started_at: datetime
    ended_at: datetime | None = None
    env: str = DEFAULT_ENV
    region: str | None = None
    segment: str | None = None
    percentage: float | None = None
    reverts: str | None = None
    status: str = ""
    description: str = ""
    actor: str = ""
    source: str = ""
    about: str = ""

    @property
    def is_rollback(self) -> bool:
        """Whether this change only takes another one back."""
        return self.reverts is not None
