"""From what was measured to an indicator: how many events there were, and how many were bad."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from aiops.domain.families import TIME_UNITS, is_percent, is_quantile
from aiops.domain.journeys import Journey, Step
from aiops.domain.requests import (
    coarsest,
    is_failing_share,
    is_own,
    is_requests,
    is_served_share,
    likeness,
    operations_of,
    per_minute,
)
from aiops.domain.samples import Excerpt
from aiops.domain.series import Family, Series, SeriesKey
from aiops.domain.sides import is_outgoing
from aiops.domain.slos import Budgeting, Sli, Slo
from aiops.domain.ticks import Floats, Times

Rows = npt.NDArray[np.bool_]

AVAILABILITY: Final = Slo(assumed=True)
"""What is assumed of a journey that declares no availability: 99.9% over 28 days."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Track:
    """An indicator over time.

    Args:
        times: epoch seconds, ascending, shape (ticks,).
        step_seconds: distance between two of them.
        total: events of every tick, shape (ticks,): requests; ticks where nobody counts requests,
            or time slices are asked for. NaN where it is not known how many were bad.
        bad: of them the bad ones, in [0, total].
        basis: the metrics it was read from, in words.
    """

    times: Times
    step_seconds: int
    total: Floats
    bad: Floats
    basis: str

    @property
    def bad_share(self) -> Floats:
        """The share of events that was bad, by tick; NaN where there were none."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.total > 0, self.bad / self.total, np.nan)


def slos_of(journey: Journey) -> tuple[Slo, ...]:
    """Return the SLOs of a journey: the declared ones, and an availability where it has none.

    Examples:
        >>> [slo.assumed for slo in slos_of(Journey(name="checkout", entry="shop"))]
        [True]
    """
    has_availability = any(one.sli is Sli.AVAILABILITY for one in journey.slos)
    return journey.slos if has_availability else (AVAILABILITY, *journey.slos)


def places_of(journey: Journey, slo: Slo) -> tuple[Step, ...]:
    """Return where an SLO is measured: where it says, else at the entry and at every step."""
    if slo.service:
        return (Step(service=slo.service, operation=slo.operation),)
    named = {step.service for step in journey.steps}
    entry = () if journey.entry in named else (Step(service=journey.entry),)
    return (*entry, *journey.steps)


def indicator(excerpt: Excerpt, journey: Journey, slo: Slo) -> Track | None:
    """Return an SLO's indicator, None where nothing measures it.

    Users get through a journey where every step serves: at each tick its weakest step counts, and
    its requests are those of its entry.

    Args:
        excerpt: what the services where it is measured told.
        journey: whose SLO it is.
        slo: the SLO.
    """
    places = sorted(places_of(journey, slo), key=lambda one: one.service != journey.entry)
    found = (measured(excerpt, place, slo) for place in places)
    tracks = [one for one in found if one is not None]
    if not tracks:
        return None
    with np.errstate(invalid="ignore"):
        worst = np.fmax.reduce([one.bad_share for one in tracks])
    entry = tracks[0].total
    known = np.isfinite(entry)
    usual = float(np.median(entry[known])) if known.any() else 1.0
    total = np.where(np.isfinite(worst), np.where(known, entry, usual), np.nan)
    basis = tuple(dict.fromkeys(one.basis for one in tracks))
    track = replace(tracks[0], total=total, bad=total * worst, basis="; ".join(basis))
    return _sliced(track, slo) if slo.budgeting is Budgeting.TIMESLICES else track


def measured(excerpt: Excerpt, place: Step, slo: Slo) -> Track | None:
    """Return the indicator of one service, or one operation of it, None where nothing tells."""
    own = [one for one in excerpt.series if one.key.service == place.service and is_own(one)]
    if slo.good or slo.bad:
        return _counted(excerpt, own, slo)
    if slo.sli is Sli.LATENCY:
        return _in_time(excerpt, _of_operation(own, place.operation), slo)
    shares = [one for one in own if _tells_failures(one, slo)]
    return _of_shares(excerpt, _of_operation(shares, place.operation), own, slo)


def called(excerpt: Excerpt, service: str) -> Track | None:
    """Return how calls to a service do as its callers measure them, None where nobody does."""
    seen = [
        one
        for one in excerpt.series
        if one.key.label("peer") == service
        and is_outgoing(one.key.metric)
        and is_failing_share(one)
    ]
    return _of_shares(excerpt, seen, (), AVAILABILITY)


def _tells_failures(series: Series, slo: Slo) -> bool:
    if slo.errors:
        return series.key.metric == slo.errors
    return is_failing_share(series) or is_served_share(series)


def _of_operation(series: Sequence[Series], operation: str) -> list[Series]:
    """Return the series of an operation, else those of the whole service, else all."""
    exact = [one for one in series if operation and operation in operations_of(one.key)]
    return exact or [one for one in series if not operations_of(one.key)] or list(series)


def _of_shares(
    excerpt: Excerpt, shares: Sequence[Series], others: Sequence[Series], slo: Slo
) -> Track | None:
    """Return the shares that fail, weighed by the requests of each cohort where they are known."""
    if not shares:
        return None
    requests = [one for one in others if _counts(one, slo)]
    name = min(shares, key=partial(likeness, other=(requests or shares)[0])).key.metric
    chosen = coarsest([one for one in shares if one.key.metric == name], _key)
    weights = [_requests_of(one, requests) for one in chosen]
    known = all(one is not None for one in weights)
    failing = np.stack([_failing(excerpt, one) for one in chosen], axis=1)
    total = np.ones_like(failing)
    if known:
        total = np.stack([_rate(excerpt, one) for one in weights if one is not None], axis=1)
    counted = np.isfinite(failing) & np.isfinite(total)
    basis = f"`{name}` of {chosen[0].key.service}"
    if known and weights[0] is not None:
        basis = f"{basis} times `{weights[0].key.metric}`"
    return _summed(excerpt, np.where(counted, total, 0.0), failing, counted, basis)


def _summed(excerpt: Excerpt, total: Floats, failing: Floats, counted: Rows, basis: str) -> Track:
    """Return cohorts that do not overlap as one; a tick nobody measured is not known."""
    known = counted.any(axis=1)
    bad = np.where(counted, total * np.where(counted, failing, 0.0), 0.0).sum(axis=1)
    whole = total.sum(axis=1)
    return Track(
        times=excerpt.times,
        step_seconds=excerpt.step_seconds,
        total=np.where(known, whole, np.nan),
        bad=np.where(known, np.clip(bad, 0.0, whole), np.nan),
        basis=basis,
    )


def _counted(excerpt: Excerpt, own: Sequence[Series], slo: Slo) -> Track | None:
    """Return an indicator whose events are counted by metrics of their own, as declared."""
    parts = coarsest([one for one in own if one.key.metric == (slo.good or slo.bad)], _key)
    wholes = {_cohort(one): one for one in own if one.key.metric == slo.total}
    pairs = [(one, wholes[_cohort(one)]) for one in parts if _cohort(one) in wholes]
    if not pairs:
        return None
    part = np.stack([_column(excerpt, one) for one, _ in pairs], axis=1)
    total = np.stack([_column(excerpt, whole) for _, whole in pairs], axis=1)
    counted = np.isfinite(part) & np.isfinite(total) & (total >= 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(counted & (total > 0), part / total, 0.0 if slo.bad else 1.0)
    failing = np.clip(share if slo.bad else 1.0 - share, 0.0, 1.0)
    basis = f"`{slo.good or slo.bad}` and `{slo.total}` of {pairs[0][0].key.service}"
    factor = (per_minute(pairs[0][1]) or 1.0) * excerpt.step_seconds / 60
    return _summed(excerpt, np.where(counted, total * factor, 0.0), failing, counted, basis)


def _in_time(excerpt: Excerpt, own: Sequence[Series], slo: Slo) -> Track | None:
    """Return the ticks in which a latency kept its threshold in every cohort."""
    found = [one for one in own if _tells_latency(one, slo)]
    if not found or slo.threshold_seconds is None:
        return None
    name = min(found, key=lambda one: (not is_quantile(one.key.metric), one.key.metric)).key.metric
    chosen = coarsest([one for one in found if one.key.metric == name], _key)
    seconds = [_column(excerpt, one) * TIME_UNITS.get(one.unit, 1.0) for one in chosen]
    worst = np.fmax.reduce(seconds)
    known = np.isfinite(worst)
    return Track(
        times=excerpt.times,
        step_seconds=excerpt.step_seconds,
        total=np.where(known, 1.0, np.nan),
        bad=np.where(known, worst > slo.threshold_seconds, np.nan),
        basis=f"`{name}` of {chosen[0].key.service} above {slo.threshold_seconds:g} s",
    )


def _tells_latency(series: Series, slo: Slo) -> bool:
    return series.key.metric == slo.latency if slo.latency else series.family is Family.LATENCY


def _sliced(track: Track, slo: Slo) -> Track:
    """Return a track whose events are ticks: each good where enough of its requests were."""
    least = slo.objective if slo.slice_objective is None else slo.slice_objective
    share = track.bad_share
    known = np.isfinite(share)
    return replace(
        track,
        total=np.where(known, 1.0, np.nan),
        bad=np.where(known, share > 1.0 - least + 1e-12, np.nan),
    )


def _counts(series: Series, slo: Slo) -> bool:
    return series.key.metric == slo.total if slo.total else is_requests(series)


def _requests_of(share: Series, requests: Collection[Series]) -> Series | None:
    """Return the requests a share is of: of the same cohort, else of the same place and segment."""
    place = (share.key.region, share.key.segment)
    near = [one for one in requests if (one.key.region, one.key.segment) == place]
    same = [one for one in near if one.key.labels == share.key.labels]
    whole = same or [one for one in near if not one.key.labels]
    return min(whole, key=lambda one: (one.kpi is not None, one.key.metric), default=None)


def _failing(excerpt: Excerpt, series: Series) -> Floats:
    whole = 100.0 if is_percent(series.key.metric, series.unit) else 1.0
    share = _column(excerpt, series) / whole
    return np.clip(1.0 - share if is_served_share(series) else share, 0.0, 1.0)


def _rate(excerpt: Excerpt, series: Series) -> Floats:
    """Return a tick's requests."""
    rate = _column(excerpt, series) * (per_minute(series) or 1.0)
    return np.maximum(rate, 0.0) * (excerpt.step_seconds / 60)


def _column(excerpt: Excerpt, series: Series) -> Floats:
    """Return the values of one of an excerpt's own series; comparing them by value takes long."""
    column = next(place for place, one in enumerate(excerpt.series) if one is series)
    return excerpt.values[:, column].astype(np.float64)


def _key(series: Series) -> SeriesKey:
    return series.key


def _cohort(series: Series) -> tuple[object, ...]:
    return series.key.region, series.key.segment, series.key.labels
