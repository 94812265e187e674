"""Case events: what happened to one case of a process, who did it, and when."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """One thing that happened to a case: an order was packed, a claim approved.

    Args:
        log: the event log it belongs to, as its source is called.
        case_id: the case: an order, a claim, a ticket.
        name: what happened, as `approved`.
        at: when, aware UTC.
        actor: who did it: a person's role or a system; empty where nobody is named.
        channel: through which it came; empty where it is not said.
        location: where; empty where it is not said.
        amount: what it was about, in the log's own unit; None where it is not said.
        reason_code: why, in the log's own code; empty where it is not said.
    """

    log: str
    case_id: str
    name: str
    at: datetime
    actor: str = ""
    channel: str = ""
    location: str = ""
    amount: Decimal | None = None
    reason_code: str = ""

    @property
    def key(self) -> str:
        """Return what stands for the event: told twice, it is the same one."""
        amount = "" if self.amount is None else str(self.amount.normalize())
        parts = (self.log, self.case_id, self.name, self.at.isoformat(), self.actor)
        more = (self.channel, self.location, amount, self.reason_code)
        text = "\x1f".join((*parts, *more))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
