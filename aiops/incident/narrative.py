"""The doctor's chart: an incident in a few sentences, each from data and with its source.

At 10:03 UTC, error rate on `/checkout` in EU jumped from 0.3% to 7.2%. Correlated anomalies
detected in `payment-service` latency and DB connection errors. One deployment to
`payment-service` occurred at 10:01 UTC. Impacted KPI: revenue per minute in EU down 24%.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.cost import NOT_ASSESSED, Cost, CostBasis
from aiops.domain.environment import Knowledge
from aiops.domain.figures import format_value
from aiops.domain.incidents import Cause, Clause, Impact
from aiops.domain.reach import BlastRadius, ReachKind
from aiops.domain.series import Family
from aiops.domain.slos import UNHURT, ServiceLevels
from aiops.domain.symptoms import REPORTED_BY, Symptom, SymptomKind
from aiops.domain.time import clock_time
from aiops.domain.visibility import is_harmful, stands
from aiops.incident.headline import headline
from aiops.incident.levels import level_clauses
from aiops.incident.nearby import culprits
from aiops.incident.wording import (
    CHANGE_WORDS,
    cohort_words,
    left_words,
    listed,
    metric_title,
    moved_words,
    operation_of,
    ratio_words,
    report_words,
    telemetry_words,
)

_MOST_ANOMALIES = 6
_MOST_KPIS = 3
_MOST_RULED_OUT = 3
_JUMP = 2.0
_READ_FIRST = (Family.LATENCY, Family.ERRORS, Family.AVAILABILITY, Family.SATURATION)
_READ = {family: place for place, family in enumerate(dict.fromkeys((*_READ_FIRST, *Family)))}
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def narrative(
    symptoms: Sequence[Symptom],
    blast: BlastRadius,
    causes: Sequence[Cause],
    changes: Sequence[Change],
    *,
    impacts: Sequence[Impact],
    knowledge: Knowledge,
    ruled_out: Sequence[Clause] = (),
    cost: Cost = NOT_ASSESSED,
    levels: ServiceLevels = UNHURT,
    told: Symptom | None = None,
) -> tuple[Clause, ...]:
    """Return the narrative, one clause per sentence; joined by spaces it reads as a text.

    Args:
        symptoms: members of one incident, at least one.
        blast: whom it reaches.
        causes: best first; empty when unknown.
        changes: every change young enough to explain something.
        impacts: what it costs, worst first.
        knowledge: journeys, topology and policies.
        ruled_out: causes that were looked at and rejected.
        cost: how what it costs is known.
        levels: what it took of error budgets.
        told: the symptom it is told by, where that is known already.
    """
    standing = tuple(one for one in symptoms if stands(one)) or tuple(symptoms)
    told = told or headline(standing, blast, knowledge)
    clauses = (
        _headline(told),
        _correlated(told, standing, causes, impacts),
        _changed(causes, changes, told, knowledge),
        _cause(causes, ruled_out),
        _kpis(impacts),
        _money(standing, impacts) or _unknown_cost(blast, cost),
        _further_journeys(told, blast),
        *level_clauses(levels),
    )
    return tuple(clause for clause in clauses if clause is not None)


def _silence(told: Symptom, since: str, where: str) -> str:
    left = left_words(told)
    if not left:
        return f"{since}, no telemetry from `{told.service}`{where}."
    return f"{since}, `{told.service}`{where} sends less telemetry than usual: {left}."


def _headline(told: Symptom) -> Clause:
    when = clock_time(told.onset)
    where = cohort_words(told.region, told.segment)
    series = told.series
    if told.kind is SymptomKind.TELEMETRY_GAP:
        text = _silence(told, f"Since {when}", where)
    elif told.kind is SymptomKind.ALERT:
        text = f"At {when}, alert `{series.key.metric}` fired on `{told.service}`{where}."
    elif told.kind is SymptomKind.REPORT:
        who = series.key.label(REPORTED_BY)
        text = f"At {when}, {who} reported of `{told.service}`{where}: {report_words(told)}."
    elif told.kind is SymptomKind.SLO_BURN:
        text = f"At {when}, `{told.service}`{where} began to burn its error budget too fast."
    elif told.kind is SymptomKind.FROZEN_VALUE:
        value = format_value(told.observed, series.unit, series.family)
        text = (
            f"Since {when}, {metric_title(told)} of `{told.service}`{where} is frozen at {value}: "
            "its sender repeats one value."
        )
    elif told.kind is SymptomKind.UNIT_CHANGE:
        text = (
            f"Since {when}, {metric_title(told)} of `{told.service}`{where} is "
            f"{ratio_words(told)}: its unit has changed."
        )
    elif told.kind is SymptomKind.RELATION:
        value = format_value(told.observed, series.unit, series.family)
        usual = format_value(told.expected, series.unit, series.family)
        text = (
            f"At {when}, {metric_title(told)} of `{told.service}`{where} was {value} where {usual} "
            f"is {told.compared_with}."
        )
    else:
        place = "" if series.kpi else f" on `{operation_of(told) or told.service}`"
        before = format_value(told.before, series.unit, series.family)
        after = format_value(told.observed, series.unit, series.family)
        moved = f"{_moved(told)} from {before} to {after}"
        text = f"At {when}, {metric_title(told)}{place}{where} {moved}."
    return Clause(text=text, source=told.id)


def _moved(told: Symptom) -> str:
    small, large = sorted((abs(told.before), abs(told.observed)))
    if told.observed >= told.before:
        return "jumped" if large >= _JUMP * small else "rose"
    return "dropped" if large >= _JUMP * small else "fell"


def _correlated(
    told: Symptom,
    symptoms: Sequence[Symptom],
    causes: Sequence[Cause],
    impacts: Sequence[Impact],
) -> Clause | None:
    """Tell the other anomalies by service: the likely cause first, then the strongest."""
    counted = {impact.kpi for impact in impacts}
    own, own_title = told.service, metric_title(told)
    others = [
        one
        for one in symptoms
        if is_harmful(one)
        and one.series.kpi not in counted
        and (one.service != own or metric_title(one) != own_title)
    ]
    if not others:
        return None
    by_service: defaultdict[str, list[Symptom]] = defaultdict(list)
    for one in others:
        by_service[one.service].append(one)
    suspects = [cause.service for cause in causes]

    def order(service: str) -> tuple[int, float, str]:
        rank = suspects.index(service) if service in suspects else len(suspects)
        return rank, -max(one.strength for one in by_service[service]), service

    told_of = sorted(by_service, key=order)
    text = _titles((service, by_service[service]) for service in told_of)
    return Clause(
        text=f"Correlated anomalies detected in {text}.",
        source=", ".join(one.id for one in others[:_MOST_ANOMALIES]),
    )


def _titles(services: Iterable[tuple[str, list[Symptom]]]) -> str:
    """Return titles in a list, as in "`a` latency, errors and `b` CPU usage"."""
    words: list[str] = []
    for service, symptoms in services:
        first: dict[str, tuple[int, datetime, str]] = {}
        for one in symptoms:
            name = telemetry_words(one) if one.is_telemetry else metric_title(one)
            place = (_READ[one.family], one.onset, one.id)
            first[name] = min(place, first.get(name, place))
        titles = sorted(first, key=first.__getitem__)
        words += [
            f"`{service}` {name}" if is_first else name
            for name, is_first in zip(titles, [True] + [False] * len(titles), strict=False)
        ]
    return listed(words, limit=_MOST_ANOMALIES)


def _changed(
    causes: Sequence[Cause], changes: Sequence[Change], told: Symptom, knowledge: Knowledge
) -> Clause | None:
    found = culprits(causes, changes, told.onset, knowledge)
    if not found:
        return None
    first = found[0]
    deploy = first.kind is ChangeKind.DEPLOY
    noun = "deployment" if deploy else CHANGE_WORDS[first.kind]
    many = _NUMBERS[len(found)] if len(found) < len(_NUMBERS) else str(len(found))
    nouns = noun if len(found) == 1 else f"{noun}s"
    refs = "" if deploy and first.service else f" ({listed(f'`{one.ref}`' for one in found)})"
    target = f" to `{first.service}`" if first.service else ""
    when = listed(dict.fromkeys(_when(change, told) for change in found), limit=3)
    return Clause(
        text=f"{many} {nouns}{refs}{target} occurred at {when}.",
        source=", ".join(change.id for change in found),
    )


def _when(change: Change, told: Symptom) -> str:
    clock = clock_time(change.started_at)
    same_day = change.started_at.date() == told.onset.date()
    return clock if same_day else f"{clock} on {change.started_at.date().isoformat()}"


def _cause(causes: Sequence[Cause], ruled_out: Sequence[Clause]) -> Clause | None:
    if not causes:
        rejected = [clause.text.rstrip(".") for clause in ruled_out[:_MOST_RULED_OUT]]
        text = f"Cause unknown; ruled out: {'; '.join(rejected)}." if rejected else "Cause unknown."
        return Clause(text=text, source="rule:unknown_below")
    first = causes[0]
    if first.change is not None:
        return None
    evidence = first.evidence[0] if first.evidence else None
    because = f": {evidence.text.rstrip('.')}" if evidence else ""
    return Clause(
        text=f"Most likely cause: `{first.service}` ({first.confidence:.0%}){because}.",
        source=evidence.source if evidence else f"cause:{first.service}",
    )


def _further_journeys(told: Symptom, blast: BlastRadius) -> Clause | None:
    """Tell the journeys that are hit where there are several: the first sentence tells of one."""
    hit = [one for one in blast.hits if one.kind is ReachKind.JOURNEY]
    if len(hit) < 2:
        return None
    words = listed((f"{one.name} since {clock_time(one.since)}" for one in hit), limit=_MOST_KPIS)
    sources = dict.fromkeys(one.worst or told.id for one in hit)
    return Clause(text=f"Journeys hit: {words}.", source=", ".join(sources))


def _kpis(impacts: Sequence[Impact]) -> Clause | None:
    measured = [impact for impact in impacts if not impact.assumption]
    if not measured:
        return None
    noun = "KPI" if len({impact.kpi for impact in measured}) == 1 else "KPIs"
    moved = listed((moved_words(impact) for impact in measured), limit=_MOST_KPIS)
    sources = dict.fromkeys(f"kpi:{impact.kpi}" for impact in measured)
    return Clause(text=f"Impacted {noun}: {moved}.", source=", ".join(sources))


def _money(symptoms: Sequence[Symptom], impacts: Sequence[Impact]) -> Clause | None:
    """Tell the cost by the money KPI that lost most, summed over its cohorts."""
    paid = [impact for impact in impacts if impact.is_money]
    if not paid:
        return None
    worst = max(paid, key=lambda one: (not one.assumption, one.total))
    same = [impact for impact in paid if impact.kpi == worst.kpi]
    rate = _amount(sum(impact.per_minute for impact in same), worst.unit)
    total = _amount(sum(impact.total for impact in same), worst.unit)
    if any(one.is_open for one in symptoms):
        text = f"About {rate} per minute, {total} so far"
    else:
        text = f"About {total} lost in all"
    rivals = listed(worst.shared_with)
    shared = f"shared equally with {rivals}, which hits it too" if rivals else ""
    notes = "; ".join(note for note in (worst.assumption, shared) if note)
    assumed = f" ({notes})" if notes else ""
    return Clause(text=f"{text}{assumed}.", source=f"kpi:{worst.kpi}")


def _unknown_cost(blast: BlastRadius, cost: Cost) -> Clause | None:
    """Say that nobody knows the cost where a journey is hit, and what is missing."""
    if cost.basis is not CostBasis.UNKNOWN or cost == NOT_ASSESSED or not blast.journeys:
        return None
    return Clause(text=f"Cost unknown: {cost.reason}.", source="rule:unpriced")


def _amount(value: float, unit: str) -> str:
    """Return an amount to three digits: more would claim a precision it has not."""
    rounded = float(f"{value:.3g}")
    text = f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:,.2f}"
    return f"{unit[:3]} {text}"
