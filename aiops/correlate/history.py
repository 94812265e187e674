"""What explained the same pattern before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from aiops.correlate.archive import ALIKE, nearest
from aiops.correlate.signature import signature, similarity, vector
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Clause
from aiops.domain.outcomes import PastIncident
from aiops.domain.symptoms import Symptom

AS_ALIKE = 0.15
"""Whatever is less alike than the most alike one by more than this is another pattern."""

REMEMBERED = 5
"""The last so many times say what it usually is."""

HALF_LIFE_DAYS = 180
"""Systems change: what was half a year ago counts half."""

SAID, SHOWN, ASSUMED = 1.0, 0.8, 0.5
"""What a cause counts that a person named, that a fix of it proved, and that was only ranked."""

CERTAIN = 1.5
"""From this weight on, three recent times that nobody judged, the history counts in full."""

_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Precedent:
    """How often a service was the cause of the same pattern: `weight` in [0, 1], and in words."""

    weight: float
    clause: Clause


def precedents(symptoms: Sequence[Symptom], knowledge: Knowledge) -> dict[str, Precedent]:
    """Return, by service, what was behind the last incidents that looked like these symptoms.

    Each counts by how alike it is, how long ago, and how sure its cause is. One that a person
    called noise speaks against all causes; one of unknown cause says nothing.

    Args:
        symptoms: members of one problem; at least one.
        knowledge: for `memory` and `archive`.
    """
    if not knowledge.memory and knowledge.archive is None:
        return {}
    now = max(symptom.last_seen for symptom in symptoms)
    alike = _last_alike(symptoms, knowledge)
    weights = [score * _trust(past) * _freshness(past, now) for score, past in alike]
    total = sum(weights)
    found: dict[str, float] = {}
    for weight, (_, past) in zip(weights, alike, strict=True):
        if past.real:
            found[past.cause_service] = found.get(past.cause_service, 0.0) + weight
    seen = [past for _, past in alike]
    return {
        service: Precedent(
            weight=min(1.0, total / CERTAIN) * weight / total, clause=_clause(service, seen)
        )
        for service, weight in sorted(found.items())
    }


def _last_alike(
    symptoms: Iterable[Symptom], knowledge: Knowledge
) -> list[tuple[float, PastIncident]]:
    """Return the last incidents of the same pattern with their similarity, newest first."""
    seen = vector(signature(symptoms, None))
    archive = knowledge.archive
    bar = archive.bar if archive else ALIKE
    scored = [(similarity(seen, _vector(one.signature)), one) for one in knowledge.memory]
    renewed = {one.incident_id for one in knowledge.memory}
    if archive is not None:
        old = nearest(seen, archive)
        scored += [(score, one) for score, one in old if one.incident_id not in renewed]
    telling = [(score, one) for score, one in scored if one.cause_service or not one.real]
    least = max(bar, max((score for score, _ in telling), default=0.0) - AS_ALIKE)
    alike = [(score, one) for score, one in telling if score >= least]
    alike.sort(key=lambda pair: (pair[1].ended_at, pair[1].incident_id), reverse=True)
    return alike[:REMEMBERED]


@lru_cache(maxsize=2048)
def _vector(tokens: tuple[str, ...]) -> dict[str, float]:
    """Return the vector of a signature, worked out once: it is compared at every tick."""
    return vector(tokens)


def _trust(past: PastIncident) -> float:
    if past.cause_named or not past.real:
        return SAID
    return SHOWN if past.fixed_by else ASSUMED


def _freshness(past: PastIncident, now: datetime) -> float:
    days = max(0.0, (now - past.ended_at).total_seconds() / _DAY_SECONDS)
    return float(0.5 ** (days / HALF_LIFE_DAYS))


def _clause(service: str, alike: Sequence[PastIncident]) -> Clause:
    count = len(alike)
    own = [past for past in alike if past.real and past.cause_service == service]
    if count == 1:
        text = f"the last time this pattern was seen it was {service}"
    elif len(own) == count:
        text = f"the last {count} times this pattern was seen it was {service}"
    else:
        text = f"of the last {count} times this pattern was seen it was {service} {_times(own)}"
    named = sum(past.cause_named for past in own)
    if named:
        text += ", as people confirmed" if named == len(own) else f", confirmed {named} times"
    return Clause(text=text, source=own[0].incident_id)


def _times(own: Sequence[PastIncident]) -> str:
    return "once" if len(own) == 1 else f"{len(own)} times"
