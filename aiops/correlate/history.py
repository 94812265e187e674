"""What explained the same pattern before."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiops.correlate.signature import signature, similarity
from aiops.domain.incidents import Clause
from aiops.domain.outcomes import PastIncident
from aiops.domain.symptoms import Symptom

ALIKE = 0.5
"""Two problems that share half of what was seen count as the same pattern."""

LOOK_BACK = 500
"""So many ended incidents are compared, newest first; older ones describe another system."""

REMEMBERED = 5
"""The last so many times say what it usually is."""

CERTAIN_TIMES = 3
"""Once may be chance; from this many times on the history counts in full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precedent:
    """How often a service was the cause of the same pattern: `weight` in [0, 1], and in words."""

    weight: float
    clause: Clause


def precedents(symptoms: Iterable[Symptom], memory: Sequence[PastIncident]) -> dict[str, Precedent]:
    """Return, by service, what was behind the last incidents that looked like these symptoms."""
    now = signature(symptoms, None)
    alike: list[PastIncident] = []
    for past in reversed(memory[-LOOK_BACK:]):
        if past.cause_service and similarity(now, past.signature) >= ALIKE:
            alike.append(past)
            if len(alike) == REMEMBERED:
                break
    count = len(alike)
    trust = min(1.0, count / CERTAIN_TIMES)
    return {
        service: Precedent(weight=trust * times / count, clause=_clause(service, times, alike))
        for service, times in sorted(Counter(past.cause_service for past in alike).items())
    }


def _clause(service: str, times: int, alike: Sequence[PastIncident]) -> Clause:
    count = len(alike)
    source = next(past.incident_id for past in alike if past.cause_service == service)
    if count == 1:
        text = f"the last time this pattern was seen it was {service}"
    elif times == count:
        text = f"the last {count} times this pattern was seen it was {service}"
    else:
        text = f"of the last {count} times this pattern was seen it was {service} {times} times"
    return Clause(text=text, source=source)
