"""How much it matters: P1 to P4 from what it costs and whom it hits, never from a label."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from math import isfinite

from aiops.domain.alerts import STRENGTHS, AlertSeverity
from aiops.domain.environment import Knowledge
from aiops.domain.families import is_percent, is_ratio
from aiops.domain.incidents import Impact, Severity
from aiops.domain.policies import SeverityPolicy
from aiops.domain.reach import BlastRadius
from aiops.domain.series import Family
from aiops.domain.slos import UNHURT, ServiceLevels
from aiops.domain.symptoms import REPORTED_SEVERITY, Symptom, SymptomKind
from aiops.domain.visibility import (
    is_felt,
    is_met,
    serves_journey,
    stands,
    user_visible,
)
from aiops.incident.blips import doubt, is_merely_load
from aiops.incident.levels import by_budget
from aiops.incident.wording import (
    listed,
    metric_title,
    moved_words,
    subject_words,
    telemetry_words,
)

__all__ = ["classify", "keep", "user_visible"]

Verdict = tuple[Severity, str]


def classify(
    symptoms: Sequence[Symptom],
    blast: BlastRadius,
    impacts: Sequence[Impact],
    knowledge: Knowledge,
    levels: ServiceLevels = UNHURT,
) -> Verdict:
    """Return the severity and the reason for it in words and numbers.

    P1 and P2 need something users or the business meet, seen in more than one tick or signal (on
    one service alone: for some minutes), on series with at least a season of history. A journey
    whose services fail or slow down together is met. Only infrastructure is P3; a single weak
    symptom, one service that is a little slower, or mere load, is P4.

    Args:
        symptoms: members of one incident.
        blast: whom it reaches.
        impacts: what it costs.
        knowledge: journeys, and the thresholds in `policies.severity`.
        levels: what it takes of error budgets.
    """
    standing = tuple(one for one in symptoms if stands(one))
    verdict = _worst(
        chain(
            _by_money(impacts, knowledge),
            _by_users(standing, knowledge),
            _by_journey(standing, knowledge),
            by_budget(levels, knowledge.policies.severity),
        )
    )
    if verdict is None:
        return _unseen(standing, blast, knowledge)
    severity, reason = verdict
    if severity not in (Severity.P1, Severity.P2):
        mild = not impacts and _is_mild(standing, knowledge.policies.severity)
        return (Severity.P4, f"{reason}, and nothing else suffers") if mild else (severity, reason)
    why_not = doubt(standing, knowledge)
    return (Severity.P3, f"{reason}, {why_not}") if why_not else (severity, reason)


def _worst(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Return the first of the worst verdicts; nothing is worse than P1, so none is looked for."""
    worst: Verdict | None = None
    for one in verdicts:
        if worst is None or one[0] < worst[0]:
            worst = one
        if worst[0] is Severity.P1:
            break
    return worst


def keep(
    severity: Severity,
    symptoms: Sequence[Symptom],
    blast: BlastRadius,
    impacts: Sequence[Impact],
    knowledge: Knowledge,
    *,
    levels: ServiceLevels = UNHURT,
) -> Verdict:
    """Return the severity an incident has now that was `severity` before.

    It rises at once, by what still goes on: nobody is called for how bad it was. It falls only
    when its threshold is missed clearly (by `keep_ratio`), so that noise around a threshold is no
    news.
    """
    fresh = classify(symptoms, blast, impacts, knowledge, levels)
    if fresh[0] < severity:
        still = [one for one in symptoms if one.is_open]
        # A KPI without a symptom of its own loses for as long as anything goes on.
        over = {one.series.kpi for one in symptoms} - {one.series.kpi for one in still}
        losing = [one for one in impacts if one.kpi not in over]
        now = classify(still, blast, losing, knowledge, levels if still else UNHURT)
        return now if now[0] < severity else (severity, f"{fresh[1]}, but that is over")
    if fresh[0] == severity:
        return fresh
    policies = replace(knowledge.policies, severity=_relaxed(knowledge.policies.severity))
    known = replace(knowledge, policies=policies)
    relaxed, _ = classify(symptoms, blast, impacts, known, levels)
    if relaxed <= severity:
        return severity, f"{fresh[1]}; {severity} until clearly below"
    return fresh


def _by_money(impacts: Sequence[Impact], knowledge: Knowledge) -> Iterable[Verdict]:
    policy = knowledge.policies.severity
    for impact in impacts:
        share, words = abs(impact.relative), moved_words(impact)
        if not impact.is_money or impact.assumption:
            # A KPI without a price of its own is one step less certain.
            severe, mild = (Severity.P2, Severity.P3)
        else:
            severe, mild = (Severity.P1, Severity.P2)
        if share >= policy.p1_money_relative:
            yield severe, f"{words} ({severe} from {policy.p1_money_relative:.0%})"
        elif share >= policy.p2_money_relative:
            yield mild, f"{words} ({mild} from {policy.p2_money_relative:.0%})"
        else:
            yield Severity.P3, words


def _by_users(symptoms: Sequence[Symptom], knowledge: Knowledge) -> Iterable[Verdict]:
    for symptom in symptoms:
        if not user_visible(symptom, knowledge):
            continue
        if symptom.kind is SymptomKind.SLO_BURN:
            yield Severity.P2, f"the error budget of {symptom.service} is burning"
        elif symptom.kind is SymptomKind.ALERT:
            yield _by_alert(symptom)
        elif symptom.kind is SymptomKind.REPORT:
            yield _by_report(symptom)
        elif symptom.family is Family.LATENCY:
            yield _by_latency(symptom, knowledge.policies.severity)
        elif symptom.family in (Family.ERRORS, Family.AVAILABILITY):
            yield _by_failures(symptom, knowledge.policies.severity)
        else:
            yield Severity.P3, f"{metric_title(symptom)} moved, its loss within noise so far"


def _by_journey(symptoms: Sequence[Symptom], knowledge: Knowledge) -> Iterable[Verdict]:
    """Judge trouble behind what users meet, by the worst of the services that suffer together.

    One service of a journey that answers badly may have a fallback or a retry; when a second one
    suffers too, so do users. Outside the journeys it counts when users meet its effect.
    """
    felt = [one for one in symptoms if is_felt(one)]
    if len({one.service for one in felt}) < 2:
        return
    policy = knowledge.policies.severity
    reaches_users = any(is_met(one.service, knowledge) for one in felt)
    for symptom in felt:
        if not reaches_users and not serves_journey(symptom.service, knowledge):
            continue
        if symptom.kind is SymptomKind.ALERT:
            severity, words = _by_alert(symptom)
        elif symptom.kind is SymptomKind.REPORT:
            continue  # judged for itself already
        else:
            judge = _by_latency if symptom.family is Family.LATENCY else _by_failures
            severity, words = judge(symptom, policy)
        if severity <= Severity.P2:
            yield Severity.P2, f"{words}, and other services of a journey suffer with it"
            return  # the others would say the same


def _by_alert(symptom: Symptom) -> Verdict:
    """Judge what an outside monitor says of a service: it tells how bad, and no numbers."""
    subject = f"alert {symptom.series.key.metric} on {symptom.service}"
    if symptom.strength >= STRENGTHS[AlertSeverity.ERROR]:
        return Severity.P2, f"{subject}, which users meet"
    return Severity.P3, f"{subject} is a warning"


def _by_report(symptom: Symptom) -> Verdict:
    """Judge what a person reports: as they say, else as what users meet."""
    said = symptom.series.key.label(REPORTED_SEVERITY)
    what = subject_words(symptom)
    return (Severity(said), f"{what}, who says so") if said else (Severity.P2, what)


def _by_failures(symptom: Symptom, policy: SeverityPolicy) -> Verdict:
    failing = failing_share(symptom)
    if failing is None:
        return Severity.P2, f"{metric_title(symptom)} of {symptom.service}, which users meet"
    words = f"{failing:.1%} of requests to {symptom.service} fail beyond the usual"
    if failing >= policy.p1_error_ratio:
        return Severity.P1, f"{words} (P1 from {policy.p1_error_ratio:.0%})"
    if failing >= policy.p2_error_ratio:
        return Severity.P2, f"{words} (P2 from {policy.p2_error_ratio:.0%})"
    return Severity.P3, f"{words} (P2 from {policy.p2_error_ratio:.0%})"


def failing_share(symptom: Symptom) -> float | None:
    """Return the share of requests that fail beyond the usual, None where it is not a ratio."""
    series = symptom.series
    metric, unit = series.key.metric, series.unit
    excess = abs(symptom.observed - symptom.expected)
    if not is_ratio(metric, unit) or not isfinite(excess):
        return None
    return excess / 100 if is_percent(metric, unit) else excess


def _by_latency(symptom: Symptom, policy: SeverityPolicy) -> Verdict:
    factor = symptom.observed / symptom.expected if symptom.expected > 0 else float("nan")
    if not isfinite(factor):
        return Severity.P3, f"{symptom.service} answers slowly"
    words = f"{symptom.service} takes {factor:.1f} times as long as usual"
    severity = Severity.P2 if factor >= policy.p2_latency_factor else Severity.P3
    return severity, f"{words} (P2 from {policy.p2_latency_factor:g} times)"


def _is_mild(symptoms: Sequence[Symptom], policy: SeverityPolicy) -> bool:
    """Return whether one service is a little slower than usual, and that is all there is.

    A little is less than half of what is P2: a batch job next door, a cold cache.
    """
    little = 1 + (policy.p2_latency_factor - 1) / 2
    return len({one.service for one in symptoms}) == 1 and all(
        one.kind is SymptomKind.ANOMALY
        and one.family is Family.LATENCY
        and one.observed < little * one.expected
        for one in symptoms
    )


def _unseen(symptoms: Sequence[Symptom], blast: BlastRadius, knowledge: Knowledge) -> Verdict:
    """Judge what no user meets."""
    if not symptoms:
        return Severity.P4, "what was seen has been withdrawn"
    if all(one.is_telemetry for one in symptoms):
        return Severity.P3, f"{telemetry_words(symptoms[0])}: what is really there is unknown"
    if is_merely_load(symptoms):
        return Severity.P4, "more load than usual, and nothing suffers from it"
    strongest = max(one.strength for one in symptoms)
    if len(symptoms) == 1 and strongest < knowledge.policies.life.open_strength:
        return Severity.P4, f"one weak symptom (strength {strongest:.1f}) that no user meets"
    return Severity.P3, f"no user-visible symptom; affected: {listed(blast.sick, limit=3)}"


def _relaxed(policy: SeverityPolicy) -> SeverityPolicy:
    ratio = policy.keep_ratio
    return replace(
        policy,
        p1_money_relative=policy.p1_money_relative * ratio,
        p2_money_relative=policy.p2_money_relative * ratio,
        p1_error_ratio=policy.p1_error_ratio * ratio,
        p2_error_ratio=policy.p2_error_ratio * ratio,
        p1_burn_rate=policy.p1_burn_rate * ratio,
        p2_burn_rate=policy.p2_burn_rate * ratio,
        p2_latency_factor=1 + (policy.p2_latency_factor - 1) * ratio,
    )
