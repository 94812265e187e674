"""What may be chance, or no more than load: a problem has to say so more than once."""

from collections.abc import Iterable, Sequence
from itertools import chain

from aiops.domain.environment import Knowledge
from aiops.domain.series import Family
from aiops.domain.symptoms import Symptom, SymptomKind
from aiops.domain.visibility import is_harmful, is_load
from aiops.incident.wording import ratio_words, telemetry_words

_MEASURED = (SymptomKind.ANOMALY, SymptomKind.RELATION, SymptomKind.UNIT_CHANGE)
"""Kinds that a single odd value can cause."""

_FILLS_UP = (Family.SATURATION, Family.OTHER)
"""Families that move for many reasons: they bear nobody out who says that users suffer."""


def doubt(symptoms: Sequence[Symptom], knowledge: Knowledge) -> str:
    """Return why nobody should be called for what looks severe, empty when somebody should."""
    if all(one.young for one in symptoms):
        return "but its series have less than a season of history"
    if not is_confirmed(symptoms):
        return "in one signal and one tick so far"
    if is_blip(_telling(symptoms), knowledge):
        return "in one signal, short or faint so far"
    rescaled = [one for one in symptoms if one.kind is SymptomKind.UNIT_CHANGE]
    keys = {one.series.key for one in rescaled}
    if rescaled and all(one.series.key in keys for one in symptoms):
        return f"but it is a {telemetry_words(rescaled[0])} ({ratio_words(rescaled[0])})"
    return ""


def _telling(symptoms: Sequence[Symptom]) -> Iterable[Symptom]:
    """Return the symptoms that say more than that there is more to do; all, where none does."""
    telling = (one for one in symptoms if not _is_busy(one))
    first = next(telling, None)
    return symptoms if first is None else chain((first,), telling)


def _is_busy(symptom: Symptom) -> bool:
    """Return whether it only says that there is more to do, or that something fills up."""
    return is_load(symptom) or (symptom.family in _FILLS_UP and symptom.kind in _MEASURED)


def is_confirmed(symptoms: Iterable[Symptom]) -> bool:
    """Return whether more than one tick or more than one signal says so: it is no blip.

    Parts of one metric (its regions and segments) are one signal. What an outside tool or an SLO
    says has been confirmed there.
    """
    signals = set()
    for symptom in symptoms:
        if symptom.kind not in _MEASURED or symptom.last_seen > symptom.onset:
            return True
        signals.add((symptom.service, symptom.family))
        if len(signals) > 1:
            return True
    return False


def is_blip(symptoms: Iterable[Symptom], knowledge: Knowledge) -> bool:
    """Return whether only one signal of one service says so, and not for long: it may be over.

    A restart or a lost packet takes a tick or two; what outlasts that is trouble. One series of a
    KPI wanders off by itself now and then; it must be far off. What an outside tool or an SLO
    says has been looked at there.
    """
    signals = set()
    for symptom in symptoms:
        if symptom.kind not in _MEASURED or _is_marked(symptom, knowledge):
            return False
        part = symptom.id if symptom.family is Family.KPI else ""
        signals.add((symptom.service, symptom.family, part))
        if len(signals) > 1:
            return False
    return True


def _is_marked(symptom: Symptom, knowledge: Knowledge) -> bool:
    policy = knowledge.policies.severity
    if symptom.family is Family.KPI:
        return symptom.strength >= policy.lone_kpi_strength
    return (symptom.last_seen - symptom.onset).total_seconds() >= policy.lone_seconds


def is_merely_load(symptoms: Sequence[Symptom]) -> bool:
    """Return whether there is only more to do: traffic up, and what fills up with it."""
    harmful = [one for one in symptoms if is_harmful(one)]
    return any(is_load(one) for one in symptoms) and all(
        is_load(one) or one.family in _FILLS_UP for one in harmful
    )
