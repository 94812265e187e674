"""Real incidents → the time of their series that a fit must not take for usual."""

from collections.abc import Container, Iterable, Sequence
from datetime import datetime, timedelta

from aiops.domain.incidents import Incident
from aiops.domain.outcomes import Outcome
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import Series, SeriesKey
from aiops.domain.symptoms import FactKind, Symptom, SymptomFact, SymptomKind
from aiops.domain.ticks import Span


def real_incidents(
    incidents: Iterable[Incident], outcomes: Iterable[Outcome], at: datetime
) -> frozenset[str]:
    """Return the ids of the incidents that were real, by what is known at `at`.

    Those that people were called for, or would have been but for the mode or the environment, and
    those that a person confirmed; never one that a person called noise. The last word counts.

    Args:
        incidents: as they stand; links to what they were merged into do not count.
        outcomes: judgements; what the record says by itself does not count.
        at: event time, aware UTC.
    """
    said = sorted((one for one in outcomes if one.judged_by and one.at <= at), key=lambda x: x.at)
    words = {one.incident_id: one.real for one in said}
    return frozenset(
        one.id
        for one in incidents
        if one.merged_into is None
        and words.get(one.id, one.called_at is not None and one.called_at <= at)
    )


def real_spans(
    series: Sequence[Series],
    facts: Iterable[SymptomFact],
    policy: DetectPolicy,
    at: datetime,
) -> tuple[Span, ...]:
    """Return the time of series in which an incident was real, by what is known at `at`.

    It is that of the anomalies each series showed itself, from onset to end; of one still open, to
    `at` inclusive. What stays for `policy.new_normal_seconds` has become normal and is learnt, as
    is what was found against less than a season: that season is still to be known.

    Args:
        series: of the shard, by slot.
        facts: about the symptoms of real incidents; those about one symptom in order.
        policy: after how long a shift is normal.
        at: event time, aware UTC; later facts are not known yet.
    """
    slots = {one.key: slot for slot, one in enumerate(series)}
    latest: dict[str, Symptom] = {}
    withdrawn: set[str] = set()
    for fact in facts:
        if fact.at <= at:
            latest[fact.symptom.id] = fact.symptom
            if fact.kind is FactKind.WITHDRAWN:
                withdrawn.add(fact.symptom.id)
    shown = [one for one in latest.values() if one.id not in withdrawn and _is_own(one, slots)]
    normal = timedelta(seconds=policy.new_normal_seconds)
    spans = [
        Span(slots[one.series.key], int(one.onset.timestamp()), _end(one, at))
        for one in shown
        if one.new_normal is None and (one.ended_at or at) - one.onset < normal
    ]
    return tuple(sorted(spans))


def _is_own(symptom: Symptom, slots: Container[SeriesKey]) -> bool:
    is_anomaly = symptom.kind is SymptomKind.ANOMALY and not symptom.young
    return is_anomaly and symptom.series.key in slots


def _end(symptom: Symptom, at: datetime) -> int:
    """Return the first second that is usual again; `at` itself is not."""
    return int((symptom.ended_at or at + timedelta(seconds=1)).timestamp())
