"""Which service a recorded case began in, from nothing but its samples and its topology.

Three things speak for a service: how far it left its own normal level, where the excess of what
alerted begins, and where failures begin. A callee in trouble takes from what speaks for its
callers.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from aiops.correlate.comparison import Comparison, Values
from aiops.correlate.departures import Departures, departures
from aiops.correlate.excess import Excess
from aiops.correlate.voices import Testimony, testimonies, voices_of
from aiops.domain.families import classify, is_quantile
from aiops.domain.series import Family
from aiops.domain.sides import is_outgoing
from topology.graph import ServiceGraph

EXCUSE = 0.3
"""What a callee in as much trouble takes from what speaks for its caller. Not more: of two
services the louder is the likelier cause, whoever calls whom."""

FAILURES_WEIGHT = 2.0
"""What speaks for a service in which all failures begin, in units of log distance."""

ALERT_WEIGHT = 50.0
"""The same for the excess of what alerted: the question that was asked, so it decides, and
everything else only where it cannot tell."""

TEMPERATURE = 0.25
"""Scores so far apart are e times as likely."""

PASSED_ON = (Family.LATENCY, Family.ERRORS, Family.AVAILABILITY)
"""What callers have from their callees; saturation is a service's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What speaks for one service.

    Args:
        service: its name.
        confidence: how likely the trouble began here, from 0 to 1; all of a case sum up to 1.
        score: what speaks for it, in units of log distance.
        place: its loudest series, None where none says anything.
        excused_by: the callee that may explain its trouble, empty if none.
        explains: callers whose trouble may come from here, by name.
        of_alert: the share of what alerted that begins here.
        of_failures: the share of all failures that begins here.
    """

    service: str
    confidence: float
    score: float
    place: int | None
    excused_by: str
    explains: tuple[str, ...]
    of_alert: float
    of_failures: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Diagnosis:
    """Where a case most likely began.

    Args:
        suspicions: every service of the case, the likeliest first.
        metrics: (service, metric) of the series that speak for it, the strongest first.
        found: how every series departed from normal.
        families: of every series.
        traced: service and metric of the excess that was traced to where it begins, if any.
    """

    suspicions: tuple[Suspicion, ...]
    metrics: tuple[tuple[str, str], ...]
    found: Departures
    families: tuple[Family, ...]
    traced: tuple[str, str] | None = None

    @property
    def services(self) -> tuple[str, ...]:
        """Every service, the likeliest first."""
        return tuple(one.service for one in self.suspicions)


def diagnose(
    case: Comparison, graph: ServiceGraph, alert_weight: float = ALERT_WEIGHT
) -> Diagnosis:
    """Rank the services of a case by how likely the trouble began there.

    Args:
        case: its samples; series without normal time tell nothing.
        graph: who calls whom.
        alert_weight: of a service in which all of what alerted begins, in units of log distance.
    """
    kinds = [classify(key.metric, unit) for key, unit in zip(case.keys, case.units, strict=True)]
    families = tuple(family for family, _ in kinds)
    found = departures(case)
    voices = voices_of(case, found, kinds, graph)
    said = testimonies(case, found, voices)
    loudest = {one.service: one.voice for one in reversed(said)}
    excess = Excess(case, found, families, graph, loudest)
    traced = _traced(case, families, voices)
    jury = _Jury(
        case=case,
        graph=graph,
        said=said,
        families=families,
        alert_weight=alert_weight,
        of_alert=excess.behind(traced) if traced else {},
        of_failures=excess.failures(_failures(case, families)),
    )
    suspicions = jury.judge()
    rank = {one.service: place for place, one in enumerate(suspicions)}
    loud = [place for place in np.argsort(-voices, kind="stable").tolist() if voices[place] > 0]
    loud.sort(key=lambda place: rank[case.keys[place].service])
    return Diagnosis(
        suspicions=suspicions,
        metrics=tuple((case.keys[place].service, case.keys[place].metric) for place in loud),
        found=found,
        families=families,
        traced=traced,
    )


def _traced(
    case: Comparison, families: tuple[Family, ...], voices: Values
) -> tuple[str, str] | None:
    """Return the measure of what alerted that is traced to where it begins; None: nothing did.

    Quantiles of callees do not add up to the caller's, so another measure of the same kind is
    traced instead of one. Of what nobody measures any that users feel is, the loudest.
    """
    if case.alert is None:
        return None
    service, metric = case.alert
    own = [place for place, key in enumerate(case.keys) if key.service == service]
    kinds = {families[place] for place in own if case.keys[place].metric == metric}
    alike = [place for place in own if families[place] in (kinds or PASSED_ON)]
    adding_up = [place for place in alike if not is_quantile(case.keys[place].metric)]
    if kinds and (not is_quantile(metric) or not adding_up):
        return case.alert
    loudest = max(adding_up or alike, key=lambda place: voices[place], default=None)
    return None if loudest is None else (service, case.keys[loudest].metric)


def _failures(case: Comparison, families: tuple[Family, ...]) -> list[int]:
    return [
        place
        for place, key in enumerate(case.keys)
        if families[place] is Family.ERRORS and not is_outgoing(key.metric)
    ]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Jury:
    """Weighs what speaks for each service of one case."""

    case: Comparison
    graph: ServiceGraph
    said: list[Testimony]
    families: tuple[Family, ...]
    alert_weight: float
    of_alert: dict[str, float]
    of_failures: dict[str, float]

    def judge(self) -> tuple[Suspicion, ...]:
        """Return every service, the likeliest first; of equals the first by name."""
        loudest = self._loudest(self.said)
        shown = self._loudest(one for one in self.said if self._is_passed_on(one))
        own = self._loudest(one for one in self.said if not self._is_passed_on(one))
        names = sorted({*(one.service for one in self.case.keys), *loudest, *self.graph.services})
        scores: dict[str, float] = {}
        excuses: dict[str, str] = {}
        for name in names:
            excuse, excuses[name] = self._excuse(name, shown, loudest)
            mine, passed = _voice(own, name), _voice(shown, name)
            scores[name] = (
                max(mine, passed * (1 - EXCUSE * excuse))
                + FAILURES_WEIGHT * self.of_failures.get(name, 0.0)
                + self.alert_weight * self.of_alert.get(name, 0.0)
            )
        confidence = _confidence(scores)
        return tuple(
            Suspicion(
                service=name,
                confidence=confidence[name],
                score=scores[name],
                place=loudest[name].place if name in loudest else None,
                excused_by=excuses[name],
                explains=tuple(
                    caller for caller in self.graph.callers(name) if excuses.get(caller) == name
                ),
                of_alert=self.of_alert.get(name, 0.0),
                of_failures=self.of_failures.get(name, 0.0),
            )
            for name in sorted(names, key=lambda name: (-scores[name], name))
        )

    def _is_passed_on(self, one: Testimony) -> bool:
        return self.families[one.place] in PASSED_ON

    @staticmethod
    def _loudest(said: Iterable[Testimony]) -> dict[str, Testimony]:
        """Return the first, which is the loudest, of what is said of each service."""
        loudest: dict[str, Testimony] = {}
        for one in said:
            loudest.setdefault(one.service, one)
        return loudest

    def _excuse(
        self, name: str, shown: dict[str, Testimony], loudest: dict[str, Testimony]
    ) -> tuple[float, str]:
        """Return how far a callee's trouble may explain what a service shows, and which callee."""
        passed = _voice(shown, name)
        callees = [one for one in self.graph.callees(name) if one in loudest]
        if not passed or not callees:
            return 0.0, ""
        worst = max(callees, key=lambda one: (_voice(loudest, one), one))
        return min(1.0, _voice(loudest, worst) / passed), worst


def _voice(loudest: dict[str, Testimony], name: str) -> float:
    return loudest[name].voice if name in loudest else 0.0


def _confidence(scores: dict[str, float]) -> dict[str, float]:
    highest = max(scores.values(), default=0.0)
    odds = {name: math.exp((score - highest) / TEMPERATURE) for name, score in scores.items()}
    total = sum(odds.values())
    return {name: one / total for name, one in odds.items()}
