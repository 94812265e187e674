"""How much speaks for each suspect: every piece of evidence as points, with the words for it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from aiops.correlate.culprits import TICK
from aiops.correlate.diagnosis import Suspicion
from aiops.correlate.diagnosis_wording import departure_clause, felt_clause
from aiops.correlate.history import Precedent
from aiops.correlate.measured import FELT_WEIGHT, Measured
from aiops.correlate.sickness import FULL_STRENGTH, Sickness
from aiops.correlate.suspects import Lineup, Suspect
from aiops.correlate.travel import MOST_EXPLAINED, ORDER_SECONDS
from aiops.correlate.wording import change_clause, explains_clause, onset_clause, strength_clause
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Clause
from aiops.domain.symptoms import Symptom
from topology.attributes import ServiceKind

STRENGTH_WEIGHT = 4.0
"""Far outside its own history, where only symptoms tell. Not more: an effect is often louder than
its cause."""

MEASURED_WEIGHT = STRENGTH_WEIGHT / math.log1p(FULL_STRENGTH)
"""The same by its samples: as much per unit of log distance."""

ONSET_WEIGHT = 1.5
"""Fell ill first. Onsets are known to a tick or two only, so order alone decides little."""

EXPLAINS_WEIGHT = 2.0
"""Trouble of the others can come from here; a cause explains all of them."""

EXCUSE_WEIGHT = -2.5
"""Its own trouble can come from elsewhere: outweighs what it explains itself."""

CHANGE_WEIGHT = 3.0
"""Somebody changed it just before: the most frequent cause there is."""

HISTORY_WEIGHT = 1.5
"""It was the cause when it looked like this before; tips the scale, decides nothing."""

EXTERNAL_WEIGHT = 0.5
"""Seen failing by its callers only, as a provider outside is; what it lacks in own metrics."""

EDGE_WEIGHT = -0.5
"""An edge shows everybody's trouble and seldom has its own."""

SURGE_WEIGHT = 1.0
"""More requests enter here and are passed on: what else would explain that?"""

NEUTRAL = 0.5
"""What onset order and explained share count where there is nobody to compare with."""

_Point = tuple[float, Clause | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What speaks for one suspect: points in log-odds at temperature 1, and the words for them."""

    suspect: Suspect
    score: float
    evidence: tuple[Clause, ...]


@dataclass(frozen=True)
class Jury:
    """Weighs the suspects of one problem.

    Args:
        lineup: who they are.
        past: what was behind it when it looked like this before, by service.
        measured: what their samples say; None where only the symptoms tell.
        knowledge: topology and policies.
    """

    lineup: Lineup
    past: Mapping[str, Precedent]
    measured: Measured | None
    knowledge: Knowledge

    def verdicts(self) -> list[Verdict]:
        """Return the verdict on every suspect, the best first.

        A service that shows no symptom and was not changed is one, too, where its samples speak.
        """
        named = {one.service for one in self.lineup.suspects}
        calm = (
            Suspect(service=name, sickness=None, suspicion=None)
            for name in sorted(self._shown.keys() - named)
        )
        found = [self._judge(one) for one in (*self.lineup.suspects, *calm)]
        return sorted(found, key=lambda verdict: (-verdict.score, verdict.suspect.service))

    @cached_property
    def _shown(self) -> dict[str, Suspicion]:
        if self.measured is None:
            return {}
        every = self.measured.diagnosis.suspicions
        return {one.service: one for one in every if one.place is not None}

    def _judge(self, suspect: Suspect) -> Verdict:
        points = self._strength(suspect)
        if suspect.sickness is not None or suspect.suspicion is not None:
            points += [self._onset(suspect), self._explains(suspect)]
        if suspect.suspicion is not None:
            onset = suspect.sickness.onset if suspect.sickness else self.lineup.began
            clause = change_clause(suspect.suspicion, onset)
            points.append((CHANGE_WEIGHT * suspect.suspicion.weight, clause))
        past = self.past.get(suspect.service)
        if past is not None:
            points.append((HISTORY_WEIGHT * past.weight, past.clause))
        if suspect.sickness is not None:
            points += self._role(suspect, suspect.sickness)
        points.append((EXCUSE_WEIGHT * suspect.excuse, None))
        score = sum(value for value, _ in points)
        ordered = sorted(points, key=lambda point: -point[0])
        evidence = tuple(clause for value, clause in ordered if clause is not None and value > 0)
        return Verdict(suspect=suspect, score=score, evidence=evidence)

    def _strength(self, suspect: Suspect) -> list[_Point]:
        """Weigh how far a service is outside its own history: by its samples, else its symptoms."""
        shown = self._shown.get(suspect.service)
        if shown is None or self.measured is None:
            one = suspect.sickness
            return [] if one is None else [(STRENGTH_WEIGHT * one.strength, strength_clause(one))]
        case, diagnosis = self.measured.case, self.measured.diagnosis
        felt = FELT_WEIGHT * shown.of_alert
        own = MEASURED_WEIGHT * (shown.score - felt)
        if not self.measured.shows_felt(suspect.service):
            felt *= 1 - suspect.excuse  # what callers tell of it is true of who explains it, too
        return [
            (own, departure_clause(shown, case, diagnosis)),
            (MEASURED_WEIGHT * felt, felt_clause(shown, case, diagnosis)),
        ]

    def _onset(self, suspect: Suspect) -> _Point:
        """Weigh how early a service fell ill."""
        one = suspect.sickness
        if one is None:
            return (ONSET_WEIGHT * NEUTRAL, None)
        delay = max(0.0, (one.onset - self.lineup.began - TICK).total_seconds())
        early = math.exp(-delay / ORDER_SECONDS) if len(self.lineup.sick) > 1 else NEUTRAL
        return (ONSET_WEIGHT * early, onset_clause(one, self.lineup.sick))

    def _explains(self, suspect: Suspect) -> _Point:
        """Weigh how many of the other sick services a suspect explains."""
        sick = self.lineup.sick
        others = len(sick) - (suspect.service in sick)
        if others <= 0:
            return (EXPLAINS_WEIGHT * NEUTRAL if suspect.sickness else 0.0, None)
        if not suspect.explains:
            return (0.0, None)
        calling = set(self.knowledge.graph.callers(suspect.service))
        callers = [name for name in suspect.explains if name in calling]
        further = [name for name in suspect.explains if name not in calling]
        sickness = suspect.sickness or sick[suspect.explains[0]]
        clause = explains_clause(suspect.service, callers, further, others + 1, sickness.leading.id)
        explained = sum(_explained(suspect, sick[name]) for name in suspect.explains)
        share = min(1.0, explained / min(others, MOST_EXPLAINED))
        return (EXPLAINS_WEIGHT * share, clause)

    def _role(self, suspect: Suspect, sickness: Sickness) -> list[_Point]:
        """Weigh the part a service plays in the system."""
        own: Sequence[Symptom] = sickness.symptoms
        kind = self.knowledge.graph.service(suspect.service).kind
        if kind is ServiceKind.EXTERNAL:
            text = f"{suspect.service} is an external provider"
            if sickness.seen_by:
                text += f", seen failing by {sickness.seen_by[0].service}"
            return [
                (0.0 if own else EXTERNAL_WEIGHT, Clause(text=text, source=sickness.leading.id))
            ]
        if suspect.takes_load:
            text = f"more requests than usual enter at {suspect.service}"
            return [(SURGE_WEIGHT, Clause(text=text, source=sickness.leading.id))]
        return [(EDGE_WEIGHT, None)] if kind is ServiceKind.EDGE else []


def _explained(suspect: Suspect, other: Sickness) -> float:
    """Return how much of another service's trouble can come from a suspect.

    A slow callee takes nobody's CPU; more requests do, and so may a change.
    """
    own = suspect.sickness
    brings_load = own is None or own.load_since is not None or suspect.suspicion is not None
    return 1.0 if brings_load else other.passed_on_ratio
