"""What an incident takes of the error budgets of journeys, and how their parts do meanwhile."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from aiops.domain.environment import Knowledge
from aiops.domain.journeys import Journey, Step
from aiops.domain.requests import operations_of
from aiops.domain.samples import Excerpt, Samples, joined
from aiops.domain.series import Family
from aiops.domain.slos import UNHURT, BudgetUse, Measure, ServiceLevels, Sli, Slo, Tally
from aiops.domain.symptoms import Symptom
from aiops.domain.visibility import is_felt
from aiops.slo.indicator import AVAILABILITY, called, indicator, measured, places_of, slos_of
from aiops.slo.tally import burn_rate, is_clearly_worse, tally

COUNT_EVERY: Final = timedelta(minutes=5)
"""So often what goes on is counted: it is read from history."""

_MEETS: Final = {
    Sli.AVAILABILITY: frozenset({Family.ERRORS, Family.AVAILABILITY}),
    Sli.LATENCY: frozenset({Family.LATENCY}),
}
"""Families whose symptoms say that an indicator may suffer."""

_DAY: Final = timedelta(days=1)


def service_levels(
    symptoms: Sequence[Symptom],
    samples: Samples | None,
    known: ServiceLevels,
    at: datetime,
    knowledge: Knowledge,
) -> ServiceLevels:
    """Return what an incident took of each error budget whose indicator its users meet.

    Counted are the events that were bad beyond the usual from the first symptom where the SLO is
    measured until the last of them ended, or `at`; every five minutes, and at the end. The share
    is of the whole window's budget: what a young journey has not seen yet is taken to be like
    what it has.

    Args:
        symptoms: members of one incident.
        samples: what was measured; None: nobody can tell.
        known: what was counted for it before.
        at: now, aware UTC.
        knowledge: journeys and their SLOs.
    """
    budgets: list[BudgetUse] = []
    measures: list[Measure] = []
    for journey, slo, hurt in _hit(symptoms, knowledge):
        since, end = min(one.onset for one in hurt), _end(hurt, at)
        old = _counted_before(known, journey, slo, since)
        parts = [one for one in known.measures if old and one.journey == journey.name]
        if samples is not None and _is_due(old, hurt, end):
            count = _Count(
                journey=journey,
                slo=slo,
                since=since,
                end=end,
                goes_on=any(one.is_open for one in hurt),
                old=old,
                parts=parts,
            )
            old, parts = count.run(samples)
        budgets += [old] if old else []
        measures += parts if old and slo.sli is Sli.AVAILABILITY else []
    if not budgets:
        return UNHURT
    budgets.sort(key=lambda one: (-one.share, one.journey, one.slo.sli))
    return ServiceLevels(budgets=tuple(budgets), measures=tuple(measures))


def _hit(
    symptoms: Sequence[Symptom], knowledge: Knowledge
) -> Iterator[tuple[Journey, Slo, list[Symptom]]]:
    """Yield the SLOs that symptoms speak of, with those symptoms."""
    promised = [(journey, slo) for journey in knowledge.journeys for slo in slos_of(journey)]
    watched = knowledge.doors.union(slo.service for _, slo in promised)
    felt = [one for one in symptoms if one.service in watched and is_felt(one)]
    for journey, slo in promised if felt else ():
        places = places_of(journey, slo)
        hurt = [
            one
            for one in felt
            if one.family in _MEETS[slo.sli] and any(_speaks_of(one, place) for place in places)
        ]
        if hurt:
            yield journey, slo, hurt


def _speaks_of(symptom: Symptom, place: Step) -> bool:
    """Return whether a symptom is about a place; of another operation it is not."""
    if symptom.service != place.service:
        return False
    operations = operations_of(symptom.series.key)
    return not operations or not place.operation or place.operation in operations


def _end(hurt: Sequence[Symptom], at: datetime) -> datetime:
    if any(one.is_open for one in hurt):
        return at
    return min(max(one.last_seen for one in hurt), at)


def _is_due(old: BudgetUse | None, hurt: Sequence[Symptom], end: datetime) -> bool:
    if old is None:
        return True
    goes_on = any(one.is_open for one in hurt)
    behind = end - old.tally.until
    return behind >= COUNT_EVERY if goes_on else behind > timedelta()


def _counted_before(
    known: ServiceLevels, journey: Journey, slo: Slo, since: datetime
) -> BudgetUse | None:
    for one in known.budgets:
        if (one.journey, one.slo, one.tally.since) == (journey.name, slo, since):
            return one
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    """One count of one SLO: what it is of, and what was counted before."""

    journey: Journey
    slo: Slo
    since: datetime
    end: datetime
    goes_on: bool
    old: BudgetUse | None
    parts: list[Measure]

    def run(self, samples: Samples) -> tuple[BudgetUse | None, list[Measure]]:
        """Return what is counted by now; what was counted before, where nothing can be read."""
        services = {place.service for place in places_of(self.journey, self.slo)}
        if self.slo.sli is Sli.AVAILABILITY:
            services.update(self.journey.services)
        begin = self.old.tally.until if self.old else self.since
        for excerpt in joined(samples.around(services, begin, self.end)):
            use = self._use(excerpt, samples)
            if use is not None:
                return use, list(self._measures(excerpt))
        return self.old, self.parts

    def _use(self, excerpt: Excerpt, samples: Samples) -> BudgetUse | None:
        track = indicator(excerpt, self.journey, self.slo)
        if track is None:
            return None
        events = tally(track, self.since, self.end, self.old.tally if self.old else None)
        if events is None:
            return None
        window = (self.old.window_total, self.old.known_days) if self.old else self._window(samples)
        if window is None:
            before = track.total[track.times < self.since.timestamp()]
            window = self._whole(float(np.nanmean(before)), excerpt.step_seconds), 0.0
        return BudgetUse(
            journey=self.journey.name,
            slo=self.slo,
            tally=events,
            window_total=window[0],
            known_days=window[1],
            burn_rate=burn_rate(track, self.slo.budget, self.end) if self.goes_on else 0.0,
            basis=track.basis,
        )

    def _window(self, samples: Samples) -> tuple[float, float] | None:
        """Return the events of a whole window and the days that tell of them, None: no hour."""
        services = {place.service for place in places_of(self.journey, self.slo)}
        days = timedelta(days=self.slo.window_days)
        for excerpt in joined(samples.hourly(services, self.since - days, self.since)):
            track = indicator(excerpt, self.journey, self.slo)
            known = np.isfinite(track.total) if track else np.zeros(0, dtype=np.bool_)
            if track and known.any():
                first = float(track.times[known][0])
                mean = float(track.total[known].mean())
                told = (self.since.timestamp() - first) / _DAY.total_seconds()
                return self._whole(mean, excerpt.step_seconds), told
        return None

    def _whole(self, per_tick: float, step_seconds: int) -> float:
        return per_tick * self.slo.window_days * _DAY.total_seconds() / step_seconds

    def _measures(self, excerpt: Excerpt) -> Iterator[Measure]:
        """Yield every step of the journey, and what else of it is clearly worse than before."""
        if self.slo.sli is not Sli.AVAILABILITY:
            return
        before = {(one.service, one.operation): one.tally for one in self.parts}
        steps = places_of(self.journey, AVAILABILITY)
        met = {step.service for step in steps}
        behind = [Step(service=name) for name in self.journey.services if name not in met]
        for place in (*steps, *behind):
            track = measured(excerpt, place, AVAILABILITY) or called(excerpt, place.service)
            old: Tally | None = before.get((place.service, place.operation))
            events = tally(track, self.since, self.end, old) if track else old
            is_step = place.service in met
            if events and (is_step or old or (track and is_clearly_worse(track, events))):
                yield Measure(
                    journey=self.journey.name,
                    service=place.service,
                    operation=place.operation,
                    is_step=is_step,
                    tally=events,
                )
