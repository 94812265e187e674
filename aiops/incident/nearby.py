"""Which changes an incident tells of: the culprit, and its like to the same service."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from aiops.domain.changes import Change
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Cause


def culprits(
    causes: Sequence[Cause], changes: Sequence[Change], onset: datetime, knowledge: Knowledge
) -> tuple[Change, ...]:
    """Return the first cause's change and those of its kind to the same service shortly before.

    Empty when no change is behind the first cause: a change nobody suspects is not told.

    Args:
        causes: best first.
        changes: every change young enough to explain something.
        onset: when the trouble began, aware UTC.
        knowledge: for `policies.correlate.window_seconds`.
    """
    culprit = causes[0].change if causes else None
    if culprit is None:
        return ()
    window = timedelta(seconds=knowledge.policies.correlate.window_seconds)
    like = {
        change.id: change
        for change in changes
        if change.kind is culprit.kind
        and change.service == culprit.service
        and not change.is_rollback
        and onset - window <= change.started_at <= onset
    }
    like[culprit.id] = culprit
    return tuple(sorted(like.values(), key=lambda change: (change.started_at, change.id)))


def around(
    changes: Sequence[Change], services: Sequence[str], since: datetime, knowledge: Knowledge
) -> tuple[Change, ...]:
    """Return the changes to some services from shortly before `since` on, rollbacks included."""
    window = timedelta(seconds=knowledge.policies.correlate.window_seconds)
    return tuple(
        change
        for change in changes
        if change.service in services and change.started_at >= since - window
    )
