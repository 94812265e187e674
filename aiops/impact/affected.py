"""Requests that failed beyond the usual, from an entry's own traffic and its share of errors."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from math import sqrt
from typing import Final

import numpy as np

from aiops.domain.affected import Affected
from aiops.domain.environment import Knowledge
from aiops.domain.families import is_percent
from aiops.domain.journeys import Journey
from aiops.domain.requests import (
    coarsest,
    is_failing_share,
    is_own,
    is_requests,
    likeness,
    operations_of,
    per_minute,
)
from aiops.domain.samples import Excerpt, Samples, joined
from aiops.domain.series import Family, Labels, Series, SeriesKey
from aiops.domain.symptoms import Symptom
from aiops.domain.ticks import Floats
from aiops.domain.time import clock_time, utc
from aiops.domain.visibility import is_felt

COUNT_EVERY: Final = timedelta(minutes=5)
"""So often what goes on is counted anew: it is read from history."""

_Z90: Final = 1.645
_RATE_TICKS: Final = 5
_LEAST_BEFORE: Final = 10
"""Ticks before onset without which nobody knows what is usual."""


def count_affected(
    symptoms: Sequence[Symptom],
    samples: Samples | None,
    known: Sequence[Affected],
    at: datetime,
    knowledge: Knowledge,
) -> tuple[Affected, ...]:
    """Return the failed requests at every entry of a journey whose users meet errors.

    failed = Σ traffic · (error ratio - median ratio before onset) · minutes, from the first
    symptom of errors at the entry until the last of them ended, or `at`. Its interval (90%) comes
    from the noise of the same sum before onset. What cannot be read is left out: unknown.

    Args:
        symptoms: members of one incident.
        samples: what was measured; None: nobody can tell.
        known: what was counted for it before; counted anew every five minutes, and at the end.
        at: now, aware UTC.
        knowledge: for journeys and their entries.
    """
    counted: list[Affected] = []
    for service, failing in sorted(_failing(symptoms, knowledge).items()):
        since = min(one.onset for one in failing)
        end = _end(failing, at)
        old = [one for one in known if (one.service, one.since) == (service, since)]
        if samples is not None and _is_due(old, failing, end):
            excerpts = samples.around((service,), since, end)
            old = _count(service, joined(excerpts), failing, end, knowledge) or old
        counted += old
    return tuple(counted)


def _is_due(known: Sequence[Affected], failing: Sequence[Symptom], end: datetime) -> bool:
    """Return whether it is time to count: at first, now and then, and once it is over."""
    if not known:
        return True
    goes_on = any(one.is_open for one in failing)
    return end - known[0].until >= COUNT_EVERY if goes_on else end > known[0].until


def _failing(symptoms: Iterable[Symptom], knowledge: Knowledge) -> dict[str, list[Symptom]]:
    """Return what fails at the entries of journeys, by entry."""
    found: defaultdict[str, list[Symptom]] = defaultdict(list)
    for one in symptoms:
        fails = one.family in (Family.ERRORS, Family.AVAILABILITY)
        if fails and one.service in knowledge.entries and is_felt(one):
            found[one.service].append(one)
    return found


def _end(failing: Sequence[Symptom], at: datetime) -> datetime:
    if any(one.is_open for one in failing):
        return at
    return min(max(one.last_seen for one in failing), at)


Cohort = tuple[str | None, str | None, Labels]
"""Region, segment and further labels."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pair:
    """Traffic per minute, and the share of it that fails in [0, 1], of one cohort."""

    traffic: Series
    errors: Series
    per_minute: Floats
    failing: Floats
    times: Floats
    step_seconds: int


def _count(
    service: str,
    excerpts: Sequence[Excerpt],
    failing: Sequence[Symptom],
    end: datetime,
    knowledge: Knowledge,
) -> list[Affected]:
    """Return what the first excerpt with both signals counts, by journey where it can be told."""
    journeys = sorted(
        (one for one in knowledge.journeys if one.entry == service), key=lambda one: one.name
    )
    since = min(one.onset for one in failing)
    for excerpt in excerpts:
        found = [
            _summed(pairs, service, journey, since, end)
            for journey, pairs in _by_journey(_hit(_pairs(excerpt), failing), journeys)
            if pairs
        ]
        if found:
            return [one for one in found if one is not None]
    return []


def _hit(pairs: Iterable[_Pair], failing: Sequence[Symptom]) -> list[_Pair]:
    """Return the pairs of the regions and segments that fail, where they are measured apart.

    Another incident may make the others fail.
    """
    found = list(pairs)
    regions = {one.region for one in failing}
    if None not in regions:
        found = [one for one in found if one.traffic.key.region in regions] or found
    segments = {one.segment for one in failing}
    if None not in segments:
        found = [one for one in found if one.traffic.key.segment in segments] or found
    return found


def _by_journey(
    pairs: Sequence[_Pair], journeys: Sequence[Journey]
) -> Iterator[tuple[str, list[_Pair]]]:
    """Yield what is measured of each journey's own operations; else all, of the one there is.

    Where several journeys are entered here and nothing tells them apart, it is no journey's.
    """
    taken: set[str] = set()
    for journey in journeys:
        steps = {one.operation for one in journey.steps if one.service == journey.entry} - {""}
        own = [one for one in pairs if not steps.isdisjoint(operations_of(_key(one)))]
        own = [one for one in own if one.traffic.key.fingerprint not in taken]
        taken |= {one.traffic.key.fingerprint for one in own}
        if own:
            yield journey.name, coarsest(own, _key)
    if not taken:
        yield journeys[0].name if len(journeys) == 1 else "", coarsest(pairs, _key)


def _pairs(excerpt: Excerpt) -> Iterator[_Pair]:
    """Yield the traffic and the error ratio that are measured of the same, side by side."""
    columns = {one.key.fingerprint: column for column, one in enumerate(excerpt.series)}
    traffic: defaultdict[Cohort, list[Series]] = defaultdict(list)
    errors: defaultdict[Cohort, list[Series]] = defaultdict(list)
    for one in excerpt.series:
        if not is_own(one):
            continue
        cohort = (one.key.region, one.key.segment, one.key.labels)
        if is_requests(one):
            traffic[cohort].append(one)
        elif is_failing_share(one):
            errors[cohort].append(one)
    for cohort in [one for one in traffic if one in errors]:
        asked = min(traffic[cohort], key=lambda one: (one.kpi is not None, one.key.metric))
        failed = min(errors[cohort], key=partial(likeness, other=asked))
        whole = 100.0 if is_percent(failed.key.metric, failed.unit) else 1.0
        values = excerpt.values.astype(np.float64)
        yield _Pair(
            traffic=asked,
            errors=failed,
            per_minute=values[:, columns[asked.key.fingerprint]] * per_minute(asked),
            failing=values[:, columns[failed.key.fingerprint]] / whole,
            times=excerpt.times.astype(np.float64),
            step_seconds=excerpt.step_seconds,
        )


def _key(pair: _Pair) -> SeriesKey:
    return pair.traffic.key


def _summed(
    pairs: Sequence[_Pair], service: str, journey: str, since: datetime, end: datetime
) -> Affected | None:
    """Return the failed requests of cohorts that do not overlap, together."""
    times = pairs[0].times
    after = (times >= since.timestamp()) & (times <= end.timestamp())
    before = times < since.timestamp()
    minutes = pairs[0].step_seconds / 60
    failed, asked = np.zeros(len(times)), np.zeros(len(times))
    for one in pairs:
        known = np.isfinite(one.per_minute) & np.isfinite(one.failing)
        if (known & before).sum() < _LEAST_BEFORE or not (known & after).any():
            continue
        usual = float(np.median(one.failing[known & before]))
        failed += np.where(known, one.per_minute * (one.failing - usual) * minutes, 0.0)
        asked += np.where(known, one.per_minute * minutes, 0.0)
    if not asked[after].any():
        return None
    requests = max(float(failed[after].sum()), 0.0)
    margin = _margin(failed[before], int(after.sum()))
    last = failed[after][-_RATE_TICKS:]
    return Affected(
        journey=journey,
        service=service,
        requests=requests,
        low=max(requests - margin, 0.0),
        high=requests + margin,
        per_minute=max(float(last.mean()) / minutes, 0.0),
        share=min(requests / float(asked[after].sum()), 1.0),
        since=since,
        until=utc(float(times[after][-1])),
        assumption=_assumed(pairs[0], service, utc(float(times[after][-1])), end),
    )


def _margin(before: Floats, ticks: int) -> float:
    """Return half of a 90% interval of a sum: noise by tick, and the error of what is usual."""
    noise = float(np.std(before))
    return _Z90 * noise * sqrt(ticks + ticks * ticks / len(before))


def _assumed(pair: _Pair, service: str, last: datetime, end: datetime) -> str:
    words = (
        f"`{pair.traffic.key.metric}` of {service} times `{pair.errors.key.metric}` beyond the"
        " usual, retries included"
    )
    return words if end - last < COUNT_EVERY else f"{words}; counted until {clock_time(last)}"
