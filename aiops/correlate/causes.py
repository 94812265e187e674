"""What explains a problem: suspects scored like a jury would weigh evidence, and how sure it is.

Each piece of evidence adds to a suspect's score; confidence is its share of all scores on an
exponential scale, against the suspects and against "something nobody looked at". So it grows with
the evidence and with the distance to the next suspect. Weights are in log-odds at temperature 1.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from aiops.correlate.history import precedents
from aiops.correlate.measured import measure
from aiops.correlate.suspects import Lineup, line_up
from aiops.correlate.verdicts import Jury, Verdict
from aiops.correlate.wording import describe, rejected_clause
from aiops.domain.changes import Change
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Cause, Clause
from aiops.domain.samples import Samples
from aiops.domain.symptoms import Symptom

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


def rank_causes(
    symptoms: Sequence[Symptom],
    changes: Iterable[Change],
    at: datetime,
    knowledge: Knowledge,
    samples: Samples | None = None,
) -> tuple[tuple[Cause, ...], tuple[Clause, ...]]:
    """Rank what explains some symptoms that belong together.

    Args:
        symptoms: members of one problem; at least one.
        changes: those young enough to explain something, in any order.
        at: now, aware UTC; what lies after it is not looked at.
        knowledge: topology, journeys, memory and policy.
        samples: what was measured; None where only the symptoms tell.

    Returns:
        Causes, best first, none when the best is not likely enough to name; and what was looked
        at and ruled out, with why.
    """
    past_changes = [change for change in changes if change.started_at <= at]
    lineup = line_up(symptoms, past_changes, knowledge)
    measured = None
    if samples is not None:
        measured = measure(symptoms, lineup.likeliest, at, samples, knowledge.graph)
    jury = Jury(lineup, precedents(symptoms, knowledge), measured, knowledge)
    verdicts = jury.verdicts()
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


def _rejected(lineup: Lineup) -> list[Clause]:
    """Say why changes near in the topology or in time explain nothing."""
    return [
        rejected_clause(found)
        for found in lineup.rejected
        if found.nearby or lineup.began - found.change.started_at <= ELSEWHERE_WINDOW
    ]


def _too_little(
    verdicts: Sequence[Verdict], shares: Sequence[float], lineup: Lineup
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
    verdicts: Sequence[Verdict], causes: Sequence[Cause], lineup: Lineup
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
