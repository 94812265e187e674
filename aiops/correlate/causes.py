"""What explains a problem: suspects scored like a jury would weigh evidence, and how sure it is.

Each piece of evidence adds to a suspect's score; confidence is its share of all scores on an
exponential scale, against the suspects and against "something nobody looked at". So it grows with
the evidence and with the distance to the next suspect. Weights are in log-odds at temperature 1.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiops.correlate.culprits import TICK
from aiops.correlate.history import Precedent, precedents
from aiops.correlate.sickness import Sickness
from aiops.correlate.suspects import ORDER_SECONDS, Lineup, Suspect, line_up
from aiops.correlate.wording import (
    change_clause,
    describe,
    explains_clause,
    onset_clause,
    rejected_clause,
    strength_clause,
)
from aiops.domain.changes import Change
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Cause, Clause
from aiops.domain.symptoms import Symptom
from topology.attributes import ServiceKind

STRENGTH_WEIGHT = 4.0
"""Far outside its own history. Not more: an effect is often louder than its cause."""

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

UNKNOWN_SCORE = 2.5
"""The score of whatever nobody looked at; a lone, middling, unchanged suspect just beats it."""

TEMPERATURE = 1.5
"""Evidence is correlated (first, strongest, lowest come together), so odds grow more slowly."""

CALIBRATION = 1.5
"""Log-odds by which the first share is too modest, between the 1 that faults of the faint sort and
the 2 that clear ones ask for: the smallest error where 85% to 100% of first causes are right."""

MAX_CAUSES = 5
MIN_CONFIDENCE = 0.02
"""What has a smaller share of the evidence is not worth a line."""

MAX_RULED_OUT = 8
ELSEWHERE_WINDOW = timedelta(hours=2)
"""A change elsewhere is worth ruling out aloud only when somebody would wonder about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    suspect: Suspect
    score: float
    evidence: tuple[Clause, ...]


def rank_causes(
    symptoms: Sequence[Symptom], changes: Iterable[Change], at: datetime, knowledge: Knowledge
) -> tuple[tuple[Cause, ...], tuple[Clause, ...]]:
    """Rank what explains some symptoms that belong together.

    Args:
        symptoms: members of one problem; at least one.
        changes: those young enough to explain something, in any order.
        at: now, aware UTC; what lies after it is not looked at.
        knowledge: topology, journeys, memory and policy.

    Returns:
        Causes, best first, none when the best is not likely enough to name; and what was looked
        at and ruled out, with why.
    """
    past_changes = [change for change in changes if change.started_at <= at]
    lineup = line_up(symptoms, past_changes, knowledge)
    past = precedents(symptoms, knowledge)
    verdicts = sorted(
        (_judge(one, lineup, past.get(one.service), knowledge) for one in lineup.suspects),
        key=lambda verdict: (-verdict.score, verdict.suspect.service),
    )
    shares = _shares([verdict.score for verdict in verdicts])
    sure = _calibrated(shares)
    causes = tuple(
        Cause(
            service=verdict.suspect.service,
            confidence=round(confidence, 3),
            change=verdict.suspect.suspicion.change if verdict.suspect.suspicion else None,
            evidence=verdict.evidence,
        )
        for verdict, share, confidence in zip(verdicts, shares, sure, strict=False)
        if share >= MIN_CONFIDENCE
    )
    if not causes or causes[0].confidence < knowledge.policies.correlate.unknown_below:
        return (), _too_little(verdicts, sure, lineup)
    return causes, _ruled_out(verdicts, causes, lineup)


def _shares(scores: Sequence[float]) -> list[float]:
    """Return the share of each score on an exponential scale, beside the unknown."""
    odds = [math.exp(score / TEMPERATURE) for score in scores[:MAX_CAUSES]]
    total = sum(odds) + math.exp(UNKNOWN_SCORE / TEMPERATURE)
    return [one / total for one in odds]


def _calibrated(shares: Sequence[float]) -> list[float]:
    """Return how often the first is right where its share is this, and the others' of the rest.

    References:
        Platt, "Probabilistic Outputs for Support Vector Machines", 1999, with a slope of 1.
    """
    if not shares:
        return []
    first = shares[0] / (shares[0] + (1 - shares[0]) * math.exp(-CALIBRATION))
    rest = (1 - first) / (1 - shares[0])
    return [first, *(share * rest for share in shares[1:])]


def _judge(
    suspect: Suspect, lineup: Lineup, past: Precedent | None, knowledge: Knowledge
) -> _Verdict:
    points = [*_own_points(suspect, lineup), _explains(suspect, lineup, knowledge)]
    if suspect.suspicion is not None:
        onset = suspect.sickness.onset if suspect.sickness else lineup.began
        clause = change_clause(suspect.suspicion, onset)
        points.append((CHANGE_WEIGHT * suspect.suspicion.weight, clause))
    if past is not None:
        points.append((HISTORY_WEIGHT * past.weight, past.clause))
    if suspect.sickness is not None:
        points += _role(suspect, suspect.sickness.symptoms, knowledge)
    points.append((EXCUSE_WEIGHT * suspect.excuse, None))
    score = sum(value for value, _ in points)
    ordered = sorted(points, key=lambda point: -point[0])
    evidence = tuple(clause for value, clause in ordered if clause is not None and value > 0)
    return _Verdict(suspect=suspect, score=score, evidence=evidence)


_Point = tuple[float, Clause | None]


def _own_points(suspect: Suspect, lineup: Lineup) -> list[_Point]:
    """Weigh how strongly and how early a service fell ill."""
    one = suspect.sickness
    if one is None:
        return [(ONSET_WEIGHT * NEUTRAL, None)]
    count = len(lineup.sick)
    delay = max(0.0, (one.onset - lineup.began - TICK).total_seconds())
    early = math.exp(-delay / ORDER_SECONDS) if count > 1 else NEUTRAL
    return [
        (ONSET_WEIGHT * early, onset_clause(one, lineup.sick)),
        (STRENGTH_WEIGHT * one.strength, strength_clause(one)),
    ]


def _explains(suspect: Suspect, lineup: Lineup, knowledge: Knowledge) -> _Point:
    """Weigh how many of the other sick services a suspect explains."""
    others = len(lineup.sick) - (suspect.service in lineup.sick)
    if others <= 0:
        return (EXPLAINS_WEIGHT * NEUTRAL if suspect.sickness else 0.0, None)
    if not suspect.explains:
        return (0.0, None)
    calling = set(knowledge.graph.callers(suspect.service))
    callers = [name for name in suspect.explains if name in calling]
    further = [name for name in suspect.explains if name not in calling]
    sickness = suspect.sickness or lineup.sick[suspect.explains[0]]
    clause = explains_clause(suspect.service, callers, further, others + 1, sickness.leading.id)
    explained = sum(_explained(suspect, lineup.sick[name]) for name in suspect.explains)
    return (EXPLAINS_WEIGHT * explained / others, clause)


def _explained(suspect: Suspect, other: Sickness) -> float:
    """Return how much of another service's trouble can come from a suspect.

    A slow callee takes nobody's CPU; more requests do, and so may a change.
    """
    own = suspect.sickness
    brings_load = own is None or own.load_since is not None or suspect.suspicion is not None
    return 1.0 if brings_load else other.passed_on_ratio


def _role(suspect: Suspect, own: Sequence[Symptom], knowledge: Knowledge) -> list[_Point]:
    """Weigh the part a service plays in the system."""
    kind = knowledge.graph.service(suspect.service).kind
    sickness = suspect.sickness
    if kind is ServiceKind.EXTERNAL and sickness is not None:
        text = f"{suspect.service} is an external provider"
        if sickness.seen_by:
            text += f", seen failing by {sickness.seen_by[0].service}"
        return [(0.0 if own else EXTERNAL_WEIGHT, Clause(text=text, source=sickness.leading.id))]
    if suspect.takes_load and sickness is not None:
        text = f"more requests than usual enter at {suspect.service}"
        return [(SURGE_WEIGHT, Clause(text=text, source=sickness.leading.id))]
    return [(EDGE_WEIGHT, None)] if kind is ServiceKind.EDGE else []


def _rejected(lineup: Lineup) -> list[Clause]:
    """Say why changes near in the topology or in time explain nothing."""
    return [
        rejected_clause(found)
        for found in lineup.rejected
        if found.nearby or lineup.began - found.change.started_at <= ELSEWHERE_WINDOW
    ]


def _too_little(
    verdicts: Sequence[_Verdict], shares: Sequence[float], lineup: Lineup
) -> tuple[Clause, ...]:
    looked_at = [
        Clause(
            text=f"{one.suspect.service}: too little speaks for it ({share:.0%})",
            source=one.evidence[0].source if one.evidence else one.suspect.service,
        )
        for one, share in zip(verdicts, shares, strict=False)
    ]
    rejected = _rejected(lineup)
    return tuple((looked_at + rejected)[:MAX_RULED_OUT])


def _ruled_out(
    verdicts: Sequence[_Verdict], causes: Sequence[Cause], lineup: Lineup
) -> tuple[Clause, ...]:
    """Say which changes explain nothing, and which sick services others explain."""
    named = {cause.service for cause in causes}
    rejected = _rejected(lineup)
    for verdict in verdicts:
        suspect = verdict.suspect
        if suspect.service in named:
            continue
        if suspect.suspicion is not None:
            change = suspect.suspicion.change
            text = f"{describe(change)}: {causes[0].service} explains more"
            rejected.append(Clause(text=text, source=change.id))
        elif suspect.sickness is not None and suspect.excused_by:
            text = f"{suspect.service}: {suspect.excused_by} explains it"
            rejected.append(Clause(text=text, source=suspect.sickness.leading.id))
    return tuple(rejected[:MAX_RULED_OUT])
