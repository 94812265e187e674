"""What a postmortem asks of an incident's times: how long until what, measured from its onset."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.incidents import Cause, Incident
from aiops.domain.timeline import TimelineKind
from aiops.domain.words import Verb
from aiops.incident.detection import first_detection


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """How long after an incident's onset each thing happened; None where it has not, or nobody did.

    Args:
        noticed_after: somebody or something noticed it, whoever was first.
        detected_after: it was an incident here.
        paged_after: people were paged.
        acknowledged_after: somebody took it.
        rolled_back_after: the change that is blamed was taken back: its time to rollback.
        mitigated_after: it had been quiet long enough, or somebody said so.
        resolved_after: its symptoms had ended, the watch not counted; None while it goes on.
    """

    noticed_after: timedelta
    detected_after: timedelta
    paged_after: timedelta | None
    acknowledged_after: timedelta | None
    rolled_back_after: timedelta | None
    mitigated_after: timedelta | None
    resolved_after: timedelta | None


def aftermath(incident: Incident) -> Aftermath:
    """Return how long it took until what, in this episode of an incident."""
    back = incident.rolled_back
    over = incident.mitigated_at or incident.resolved_at
    since = incident.started_at
    return Aftermath(
        noticed_after=first_detection(incident).at - since,
        detected_after=incident.detected_at - since,
        paged_after=_after(incident.paged_at, since),
        acknowledged_after=_after(incident.acknowledged_at, since),
        rolled_back_after=_after(back.started_at if back else None, since),
        mitigated_after=_after(incident.mitigated_at, since),
        resolved_after=_after(
            (incident.quiet_since or incident.resolved_at) if over else None, since
        ),
    )


def declared_words(incident: Incident) -> str:
    """Return what an incident was said to be when it was said to be over."""
    said = {
        entry.source.removeprefix(f"word:{incident.episode}:").partition(":")[0]
        for entry in incident.timeline
        if entry.kind is TimelineKind.PERSON and entry.at == incident.mitigated_at
    }
    if Verb.DISMISS in said:
        return "Declared no incident"
    return "Declared resolved" if Verb.RESOLVE in said else "Declared mitigated"


def find_rollback(
    causes: Iterable[Cause], changes: Iterable[Change], since: datetime
) -> Change | None:
    """Return the first change since an onset that takes back what the first cause blames.

    The end of a flag that was on is one, too: it was switched off.
    """
    first = next(iter(causes), None)
    if first is None:
        return None
    done = [one for change in changes for one in (change, *_switched_off(change))]
    back = [one for one in done if one.started_at >= since and first.is_taken_back_by(one)]
    return min(back, key=lambda one: (one.started_at, one.id), default=None)


def _switched_off(change: Change) -> tuple[Change, ...]:
    """Return the end of a flag as a change of its own; nothing of what is none, or is still on."""
    if change.kind is not ChangeKind.FLAG or change.ended_at is None or change.status == "off":
        return ()
    off = replace(change, id=f"{change.id}:off", started_at=change.ended_at, status="off")
    return (replace(off, ended_at=None),)


def _after(at: datetime | None, since: datetime) -> timedelta | None:
    return None if at is None else at - since
