"""What an incident reaches, in words and numbers, and as bars over its time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from aiops.domain.figures import format_value
from aiops.domain.incidents import Impact, Incident
from aiops.domain.reach import Hit, ReachKind
from aiops.domain.series import Family
from aiops.domain.symptoms import Symptom, SymptomKind
from aiops.incident.wording import listed, moved_words, ratio_words, subject_words, values_words

TITLES = {
    ReachKind.SICK: "sick",
    ReachKind.REACHED: "reached",
    ReachKind.REGION: "region",
    ReachKind.SEGMENT: "segment",
    ReachKind.JOURNEY: "journey",
    ReachKind.KPI: "KPI",
}

_LEAST = timedelta(minutes=1)
_MUCH = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One hit as people read it.

    Args:
        hit: which, since when and until when.
        how_bad: its worst symptom or loss, in words and numbers.
        begin: when it began, as a share of the incident's time, in [0, 1].
        end: when it ended, or 1.0 while it goes on.
    """

    hit: Hit
    how_bad: str
    begin: float
    end: float

    @property
    def kind(self) -> str:
        """What sort of thing it is, in a word."""
        return TITLES[self.hit.kind]


def reach(incident: Incident) -> tuple[Reached, ...]:
    """Return everything an incident reaches, in the order of `BlastRadius.hits`.

    The bars run from its first onset until its last word, or until it was quiet.
    """
    hits = incident.blast.hits
    if not hits:
        return ()
    known = {one.id: one for one in incident.symptoms}
    first = min(one.since for one in hits)
    latest = [one.until for one in hits if one.until is not None]
    if any(one.until is None for one in hits):
        latest.append(incident.updated_at)
    whole = max(max(latest) - first, _LEAST)
    return tuple(
        Reached(
            hit=one,
            how_bad=how_bad(one, known.get(one.worst), incident.impacts),
            begin=(one.since - first) / whole,
            end=1.0 if one.until is None else (one.until - first) / whole,
        )
        for one in hits
    )


def how_bad(hit: Hit, worst: Symptom | None, impacts: Sequence[Impact]) -> str:
    """Return how badly something is hit, as in "error rate on /checkout 0.3% → 7.2%".

    Args:
        hit: what is hit.
        worst: its worst symptom, if it has one.
        impacts: what the incident costs; a KPI is told by its loss.
    """
    if hit.kind is ReachKind.REACHED:
        return f"no symptom of its own; through {' → '.join(hit.through)}"
    losses = [one for one in impacts if hit.kind is ReachKind.KPI and one.kpi == hit.name]
    if losses:
        return listed(_loss(one) for one in losses)
    if worst is None:
        return "worst symptom not known"
    behind = f"; through {listed(hit.through, limit=3)}" if hit.through else ""
    return f"{_moved(worst)}{behind}"


def _moved(symptom: Symptom) -> str:
    words = f"{subject_words(symptom)} {values_words(symptom)}".rstrip()
    large, small = abs(symptom.observed), abs(symptom.expected)
    if symptom.kind is SymptomKind.ANOMALY and min(large, small) > 0:
        ratio = max(large, small) / min(large, small)
        return f"{words}, {ratio_words(symptom)}" if ratio >= _MUCH else words
    return words


def _loss(impact: Impact) -> str:
    total = format_value(impact.total, impact.unit, Family.KPI)
    return f"{moved_words(impact)}, {total} lost so far"
