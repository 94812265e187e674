"""What a problem costs: each KPI's loss against its own expectation before onset."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np

from aiops.domain.affected import Affected
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Impact
from aiops.domain.journeys import Kpi
from aiops.domain.series import Direction, Labels, Series, SeriesKey
from aiops.domain.symptoms import Symptom
from aiops.domain.ticks import KpiWindow
from aiops.domain.time import utc
from aiops.impact.claims import Claim, met_kpis, moved, sharers
from aiops.impact.cohorts import attribute, one_per_cohort
from aiops.impact.estimate import estimate_money
from aiops.impact.loss import Loss, Span, is_additive, measure

_Z90 = 1.645

_CLEAR = 3.0
"""Standard deviations of noise by which a loss before the first symptom must stand out."""


def assess(
    symptoms: Sequence[Symptom],
    kpis: KpiWindow | None,
    at: datetime,
    knowledge: Knowledge,
    *,
    since: datetime,
    regions: tuple[str, ...],
    others: Sequence[Claim] = (),
    affected: Sequence[Affected] = (),
) -> tuple[Impact, ...]:
    """Return what every KPI that is hit lost, by cohort; empty where all is within noise.

    A KPI is hit with a symptom of its own, or where users of its journey meet a symptom and its
    loss is clear.

    loss = Σ (profile · level - observed) · minutes, from the start of the loss until the KPI is
    back, or `at`; the level is frozen over the hour before `since`. Readings missing in between
    are interpolated; after the last reading nothing is claimed. Each loss is attributed once:
    a KPI's total and its parts never stand side by side, and incidents that hit the same KPI in
    the same region share its loss equally, where a symptom of the KPI does not decide it.

    Args:
        symptoms: members of one incident.
        kpis: readings from an hour or more before `since` until `at`, values per minute.
        at: now, aware UTC; later readings are not looked at.
        knowledge: journeys and KPIs, for units and for estimates.
        since: first onset of the incident, aware UTC.
        regions: regions it hits; empty means all or unknown. A KPI's series elsewhere count only
            with a symptom of their own.
        others: what other live incidents may have cost.
        affected: requests that failed, for estimates where no KPI counts anything.
    """
    impacts: list[Impact] = []
    if kpis is not None:
        kpis = _until(kpis, at)
        impacts = _measured(symptoms, kpis, knowledge, since=since, regions=regions, others=others)
    impacts += estimate_money(impacts, kpis, knowledge, affected)
    return tuple(sorted(impacts, key=_worst_first))


def _measured(
    symptoms: Sequence[Symptom],
    kpis: KpiWindow,
    knowledge: Knowledge,
    *,
    since: datetime,
    regions: tuple[str, ...],
    others: Sequence[Claim],
) -> list[Impact]:
    """Return what KPIs measure themselves."""
    own: defaultdict[str, list[Symptom]] = defaultdict(list)
    for one in symptoms:
        if one.series.kpi is not None and moved(one):
            own[one.series.kpi].append(one)
    met = met_kpis(symptoms, knowledge)
    impacts: list[Impact] = []
    for name in sorted({*own, *met}):
        shared = sharers(name, regions, others, proven=name in own)
        if shared is None:
            continue
        hit = _Hit(name=name, own=tuple(own.get(name, ())), met=met.get(name, ()))
        lost = _lost(hit, kpis, knowledge, since=since, regions=regions)
        impacts += [_part(one, shared) for one in lost]
    return impacts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hit:
    """A KPI that may have lost: symptoms of its own, and what users of its journey meet."""

    name: str
    own: tuple[Symptom, ...]
    met: tuple[Symptom, ...]


def _part(impact: Impact, shared: tuple[str, ...]) -> Impact:
    """Return an incident's equal part of a loss that it shares with others."""
    parts = 1 + len(shared)
    if parts == 1:
        return impact
    return replace(
        impact,
        per_minute=impact.per_minute / parts,
        total=impact.total / parts,
        low=impact.low / parts,
        high=impact.high / parts,
        shared_with=shared,
    )


def _worst_first(impact: Impact) -> tuple[bool, bool, float, str, str, str, Labels]:
    return (
        not impact.is_money,
        bool(impact.assumption),
        -impact.total,
        impact.kpi,
        impact.region or "",
        impact.segment or "",
        impact.labels,
    )


def _lost(
    hit: _Hit,
    kpis: KpiWindow,
    knowledge: Knowledge,
    *,
    since: datetime,
    regions: tuple[str, ...],
) -> list[Impact]:
    """Return the impacts of one KPI."""
    sick = {one.series.key for one in hit.own}
    columns = _columns(hit.name, kpis, sick, regions)
    if not columns:
        return []
    frozen = _row(kpis, since)
    falls = _falls(hit.own, kpis.series[columns[0]])
    losses: list[Loss] = []
    for column in columns:
        key = kpis.series[column].key
        one = measure(
            kpis, column, frozen, falls=falls, symptomatic=key in sick, cohorts=knowledge.cohorts
        )
        losses += [one] if one is not None else []
    span = _span(losses, (*hit.own, *hit.met), kpis, frozen)
    if not losses or span.begin >= span.end:
        return []
    declared = next(
        (one for one in knowledge.kpis if one.name == hit.name), Kpi(name=hit.name, metric="")
    )
    unit = declared.unit or kpis.series[columns[0]].unit
    minutes = kpis.step_seconds / 60
    losses = one_per_cohort(losses, additive=is_additive(unit))
    cohorts = attribute(losses, span, minutes, additive=is_additive(unit), confined=bool(regions))
    return [_impact(declared, unit, one, span, kpis) for one in cohorts]


def _columns(
    name: str, kpis: KpiWindow, sick: set[SeriesKey], regions: tuple[str, ...]
) -> list[int]:
    """Return the KPI's series that may belong to this incident.

    Where regions are hit and the KPI is measured by region, its total over all regions tells
    nothing that its parts do not, and may hold another incident's loss.
    """
    own = [column for column, one in enumerate(kpis.series) if one.kpi == name]
    if not regions:
        return own
    hit = [
        column
        for column in own
        if kpis.series[column].key.region in regions
        or (kpis.series[column].key in sick and kpis.series[column].key.region is not None)
    ]
    return hit or own


def _falls(symptoms: Sequence[Symptom], series: Series) -> bool:
    """Return whether falling is what hurts; a KPI that may do neither is taken as it moved."""
    strongest = max(symptoms, key=lambda one: one.strength, default=None)
    bad = series.bad_direction if strongest is None else strongest.series.bad_direction
    if bad is Direction.BOTH and strongest is not None:
        bad = strongest.direction
    return bad is not Direction.UP


def _span(
    losses: Sequence[Loss], symptoms: Sequence[Symptom], kpis: KpiWindow, frozen: int
) -> Span:
    """Return over which rows the KPI loses.

    It begins with the first symptom users meet, or of the KPI. Where clearly more was lost before
    that than a level that wanders explains, it begins earlier, where the sum until then is
    largest: a loss that grows slowly begins before it leaves the band.
    """
    end = rate_end = len(kpis.times)
    if not any(one.is_open for one in symptoms):
        rate_end = _row(kpis, max(one.last_seen for one in symptoms), after=True)
        end = max(_row(kpis, max(one.ended_at or one.last_seen for one in symptoms)), rate_end)
    latest = min(_row(kpis, min(one.onset for one in symptoms)), end)
    begin = latest
    sick = [one for one in losses if one.symptomatic]
    if sick and frozen < latest:
        lost = np.sum([one.lost[frozen:latest] for one in sick], axis=0)
        so_far = np.append(np.cumsum(lost[::-1])[::-1], 0.0)
        earlier = frozen + int(np.argmax(so_far))
        before = Span(frozen=frozen, begin=earlier, end=latest, rate_end=latest)
        if so_far.max() > _CLEAR * sum(one.deviation(before, 1.0) for one in sick):
            begin = earlier
    return Span(frozen=frozen, begin=begin, end=end, rate_end=rate_end)


def _until(kpis: KpiWindow, at: datetime) -> KpiWindow:
    rows = slice(0, _row(kpis, at, after=True))
    return replace(
        kpis,
        times=kpis.times[rows],
        observed=kpis.observed[rows],
        expected=kpis.expected[rows],
        scale=kpis.scale[rows],
    )


def _row(kpis: KpiWindow, at: datetime, *, after: bool = False) -> int:
    """Return the first row at or after a time; with `after`, strictly after it."""
    side: Literal["left", "right"] = "right" if after else "left"
    return int(np.searchsorted(kpis.times, int(at.timestamp()), side=side))


def _impact(kpi: Kpi, unit: str, loss: Loss, span: Span, kpis: KpiWindow) -> Impact:
    minutes = kpis.step_seconds / 60
    total = loss.total(span, minutes)
    margin = _Z90 * loss.deviation(span, minutes)
    return Impact(
        kpi=kpi.name,
        unit=unit,
        since=utc(int(kpis.times[span.begin])),
        per_minute=loss.per_minute(span),
        total=total,
        relative=loss.relative(span),
        low=max(total - margin, 0.0),
        high=total + margin,
        region=loss.region,
        segment=loss.segment,
        labels=loss.labels,
        is_data_loss=kpi.data_loss,
    )
