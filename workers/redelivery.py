"""A person's word that what was given up is to be sent again: done, and in the audit log."""

from collections.abc import Sequence

from aiops.domain.notifications import DeliveryState
from aiops.store.audit import AuditEntry
from workers.wiring import Parts

MOST = 10_000


def replay(
    parts: Parts, numbers: Sequence[int] | None, *, by: str, why: str = ""
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Make dead deliveries pending again and return those that were, and those that were not dead.

    Args:
        parts: of this installation.
        numbers: of deliveries; None: every dead one.
        by: who says so.
        why: in their words.
    """
    if numbers is None:
        numbers = [one.id for one in parts.outbox.records([DeliveryState.DEAD], MOST)]
    now, origin = parts.clock.now(), parts.settings.origin
    again: list[int] = []
    for number in dict.fromkeys(numbers):
        entry = AuditEntry(
            at=now,
            actor=by,
            action="replay",
            subject=f"delivery {number}",
            detail=why,
            origin=origin,
        )
        if parts.outbox.replay(number, now=now, entry=entry):
            again.append(number)
            parts.queue.enqueue("deliver.send", number)
    return tuple(again), tuple(one for one in dict.fromkeys(numbers) if one not in again)
