"""How incidents ended, and what memory keeps of them."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt


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
        cause_service: what a person says it was; empty where nobody said.
        useful: whether telling of it helped; None where nobody said. One that says this says
            nothing of what was real or what fixed it.
    """

    incident_id: str
    at: datetime
    fixed_by: str = ""
    action: str = ""
    real: bool = True
    judged_by: str = ""
    cause_service: str = ""
    useful: bool | None = None


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
        real: False when a person said "not an incident".
        assignee: who a person gave it to; empty for nobody.
        cause_named: whether a person named the cause; else it is the first we had ranked.
    """

    incident_id: str
    ended_at: datetime
    signature: tuple[str, ...]
    cause_service: str
    fixed_by: str = ""
    action: str = ""
    real: bool = True
    cause_named: bool = False
    assignee: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Archive:
    """Ended incidents as arrays, to be searched by what was seen; one row each, by end, then id.

    What was seen is a vector of unit length over `tokens`, kept by column (which rows have this
    token, and how much of it), so a search touches only the rows that share something.

    Args:
        past: the rows.
        tokens: names of the columns, sorted.
        starts: where each column begins in `rows` and `weights`, shape (tokens + 1,).
        rows: the rows that have the token, ascending within a column.
        weights: the row's share of the token, in (0, 1].
        bar: the cosine similarity from which on two count as the same pattern.
    """

    past: tuple[PastIncident, ...]
    tokens: tuple[str, ...]
    starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float64]
    bar: float
