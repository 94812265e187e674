"""How incidents ended, and what memory keeps of them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What ended an incident, judged by a person or, until one does, read from the record.

    Args:
        incident_id: of which incident.
        at: when it was judged, aware UTC.
        fixed_by: the action that fixed it, in words; empty when it went by itself.
        action: the action's name, as in `Suggestion.action`; empty when unknown.
        real: False when a person said "not an incident".
        judged_by: who said so; empty when read from the record.
    """

    incident_id: str
    at: datetime
    fixed_by: str = ""
    action: str = ""
    real: bool = True
    judged_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastIncident:
    """An ended incident as memory keeps it: its signature and what fixed it.

    Args:
        incident_id: which one.
        ended_at: aware UTC.
        signature: sorted tokens of what was seen (`service|family|direction`, `change:deploy`).
        cause_service: what it was.
        fixed_by: what fixed it, in words.
        action: the action's name.
    """

    incident_id: str
    ended_at: datetime
    signature: tuple[str, ...]
    cause_service: str
    fixed_by: str = ""
    action: str = ""
