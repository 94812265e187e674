"""What people say of incidents → marks on series → the bars detection judges them by."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from aiops.domain.incidents import Incident
from aiops.domain.marks import Mark, MarkKind
from aiops.domain.outcomes import Outcome
from aiops.domain.policies import DetectPolicy
from aiops.domain.symptoms import Symptom, SymptomKind
from aiops.domain.visibility import is_harmful, stands

LASTS: Final = {MarkKind.IMPORTANT: timedelta(days=90), MarkKind.NOISY: timedelta(days=30)}
"""How long a mark holds unless it is said again: what was loud last spring may matter today."""

LEADING: Final = timedelta(minutes=5)
"""Symptoms this soon after an incident's start led to it; what followed is its consequence."""

MOST_LEADING: Final = 3

_WILD = re.compile(r"([*?[])")


def marks_of(incident: Incident, outcome: Outcome, why: str = "") -> tuple[Mark, ...]:
    """Return the marks a person's judgement of an incident sets on its leading series.

    Args:
        incident: as it stands.
        outcome: what the person said of it; not real means noise.
        why: in the person's words.
    """
    kind = MarkKind.IMPORTANT if outcome.real else MarkKind.NOISY
    return tuple(
        Mark(
            service=service,
            metric=metric,
            kind=kind,
            at=outcome.at,
            by=outcome.judged_by,
            why=why,
            incident_id=incident.id,
            until=outcome.at + LASTS[kind],
        )
        for service, metric in _leading(incident)
    )


def holding(marks: Iterable[Mark], at: datetime) -> tuple[Mark, ...]:
    """Return the marks that hold at a time: the newest of each series, by name.

    Args:
        marks: in the order they were set.
        at: aware UTC.
    """
    newest = {mark.name: mark for mark in marks if mark.at <= at}
    return tuple(
        newest[name]
        for name in sorted(newest)
        if newest[name].kind is not MarkKind.NONE and not _is_over(newest[name], at)
    )


class MarkedPolicy:
    """The policy of detection at any tick, with the marks that hold then.

    Args:
        policy: what the settings say.
        marks: every mark, in the order they were set.
    """

    def __init__(self, policy: DetectPolicy, marks: Iterable[Mark] = ()) -> None:
        self._policy = policy
        self._marks = tuple(marks)
        ends = {mark.until for mark in self._marks if mark.until is not None}
        self._turns = sorted({mark.at for mark in self._marks} | ends)
        self._made: dict[int, DetectPolicy] = {}

    def at(self, when: datetime) -> DetectPolicy:
        """Return the policy at a tick; the same one between two turns.

        A series that settings or people call both important and noisy is important.
        """
        turn = bisect_right(self._turns, when)
        if turn not in self._made:
            self._made[turn] = self._with(holding(self._marks, when))
        return self._made[turn]

    def _with(self, marks: tuple[Mark, ...]) -> DetectPolicy:
        important, noisy = (
            tuple(_WILD.sub(r"[\1]", mark.name) for mark in marks if mark.kind is kind)
            for kind in (MarkKind.IMPORTANT, MarkKind.NOISY)
        )
        if not marks:
            return self._policy
        return replace(
            self._policy,
            important=self._policy.important + important,
            noisy=self._policy.noisy + noisy,
        )


def _leading(incident: Incident) -> list[tuple[str, str]]:
    """Return service and metric of the strongest anomalies an incident began with."""
    anomalies = [one for one in incident.symptoms if _may_lead(one)]
    start = min((one.onset for one in anomalies), default=incident.started_at)
    first = [one for one in anomalies if one.onset - start <= LEADING]
    first.sort(key=lambda one: (-one.strength, one.id))
    names = dict.fromkeys((one.service, one.series.key.metric) for one in first)
    return list(names)[:MOST_LEADING]


def _may_lead(symptom: Symptom) -> bool:
    return symptom.kind is SymptomKind.ANOMALY and stands(symptom) and is_harmful(symptom)


def _is_over(mark: Mark, at: datetime) -> bool:
    return mark.until is not None and mark.until <= at
