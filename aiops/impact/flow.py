"""Whether money moves through the system now: each KPI against what is usual, over some hours."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import numpy as np

from aiops.domain.families import is_currency
from aiops.domain.journeys import Journey, Kpi
from aiops.domain.requests import coarsest
from aiops.domain.samples import Excerpt
from aiops.domain.series import Direction, Series, SeriesKey
from aiops.domain.ticks import Floats, KpiWindow, Times
from aiops.domain.time import utc
from aiops.impact.loss import is_additive

STALE: Final = timedelta(minutes=10)
"""What was read so long ago says nothing of now."""

_NOW_TICKS: Final = 5
"""So many of the last ticks tell how it stands: one of them is noise."""

_CLEAR: Final = 2.0
"""Usual distances of a tick from its profile beyond which the mean of some ticks is not usual."""

_NOTHING: Final = 0.01
"""What is left of the usual, below which nothing moves."""


class FlowState(StrEnum):
    """How a KPI stands now."""

    AS_USUAL = "as usual"
    BELOW = "below the usual"
    ABOVE = "above the usual"
    STOPPED = "not moving"
    YOUNG = "too young to say what is usual"
    SILENT = "not reported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How a KPI stands in one region: `relative` is its change against the usual, as in -0.24."""

    region: str
    relative: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flow:
    """One KPI over some hours, all its cohorts together.

    Args:
        kpi: its name.
        journey: the journey it measures; empty where it is none's.
        unit: of all values; begins with a currency code for money.
        state: how it stands.
        hurts: whether it left the usual in the way that hurts.
        now: its value over the last minutes; NaN where nothing was read.
        usual: what its profile says for them; NaN where it is too young, or nothing was read.
        relative: the change of the one against the other; NaN as `usual`.
        read_until: the last tick with a reading, aware UTC; None: there was none.
        places: regions that left the usual in the way that hurts, worst first.
        silent: how many of its cohorts reported before and do not now.
        is_mean: whether values of cohorts were averaged, since they do not add up.
        times: epoch seconds, ascending, shape (ticks,).
        observed: shape (ticks,), NaN where nothing was read.
        expected: same shape; NaN also while it is young.
    """

    kpi: str
    journey: str
    unit: str
    state: FlowState
    hurts: bool
    now: float
    usual: float
    relative: float
    read_until: datetime | None
    places: tuple[Place, ...]
    silent: int
    is_mean: bool
    times: Times
    observed: Floats
    expected: Floats

    @property
    def is_money(self) -> bool:
        """Whether the unit begins with a currency code."""
        return is_currency(self.unit)


def flows(
    window: KpiWindow | None,
    kpis: Sequence[Kpi],
    journeys: Sequence[Journey],
    at: datetime,
    *,
    young: Collection[str] = (),
) -> tuple[Flow, ...]:
    """Return how every declared KPI stands, money first; one nobody measures is said to be silent.

    Args:
        window: readings of the last hours with what was expected of them; None without any.
        kpis: declared ones.
        journeys: for the KPIs they name.
        at: now, aware UTC; what was read ten minutes before it or earlier says nothing of it.
        young: fingerprints of series with less than a season of history: nobody knows their usual.
    """
    told = []
    for kpi in kpis:
        names = [one.name for one in journeys if kpi.journey == one.name or kpi.name in one.kpis]
        journey = kpi.journey or next(iter(names), "")
        columns = _columns(kpi, window)
        if window is None or not columns:
            told.append(_silent(kpi, journey))
            continue
        flow = _flow(kpi, journey, window, columns, young)
        is_stale = flow.read_until is None or at - flow.read_until > STALE
        told.append(_stale(flow) if is_stale else flow)
    return tuple(sorted(told, key=lambda one: (not one.is_money, one.journey)))


def young_of(series: Sequence[Series], past: Iterable[Excerpt]) -> set[str]:
    """Return the fingerprints of series that nothing of the past knows.

    Args:
        series: any.
        past: what was measured a season ago and before.
    """
    old = {
        one.key.fingerprint
        for excerpt in past
        for one, values in zip(excerpt.series, excerpt.values.T, strict=True)
        if np.isfinite(values).any()
    }
    return {one.key.fingerprint for one in series} - old


def _stale(flow: Flow) -> Flow:
    nothing = float("nan")
    return replace(
        flow,
        state=FlowState.SILENT,
        hurts=False,
        now=nothing,
        usual=nothing,
        relative=nothing,
        places=(),
    )


def _columns(kpi: Kpi, window: KpiWindow | None) -> list[int]:
    """Return the series of a KPI that part the whole once: a total and its parts are not added."""
    if window is None:
        return []
    place = {one.key: column for column, one in enumerate(window.series) if one.kpi == kpi.name}
    return [place[key] for key in coarsest(place, _itself)]


def _itself(key: SeriesKey) -> SeriesKey:
    return key


def _silent(kpi: Kpi, journey: str) -> Flow:
    nothing: Floats = np.zeros(0)
    return Flow(
        kpi=kpi.name,
        journey=journey,
        unit=kpi.unit,
        state=FlowState.SILENT,
        hurts=False,
        now=float("nan"),
        usual=float("nan"),
        relative=float("nan"),
        read_until=None,
        places=(),
        silent=0,
        is_mean=False,
        times=np.zeros(0, dtype=np.int64),
        observed=nothing,
        expected=nothing,
    )


def _flow(
    kpi: Kpi, journey: str, window: KpiWindow, columns: list[int], young: Collection[str]
) -> Flow:
    series = [window.series[column] for column in columns]
    unit = kpi.unit or series[0].unit
    is_mean = len(columns) > 1 and not is_additive(unit)
    part = _Part.of(window, columns, is_mean=is_mean)
    is_young = any(one.key.fingerprint in young for one in series)
    state, relative = part.state(is_young=is_young)
    read = np.isfinite(window.observed[:, columns])
    rows = np.flatnonzero(read.any(axis=1))
    return Flow(
        kpi=kpi.name,
        journey=journey,
        unit=unit,
        state=state,
        hurts=_hurts(state, kpi.bad_direction),
        now=part.now,
        usual=float("nan") if is_young else part.usual,
        relative=relative,
        read_until=utc(int(window.times[rows[-1]])) if len(rows) else None,
        places=() if is_young else tuple(_places(window, series, columns, kpi, is_mean=is_mean)),
        silent=int((read.any(axis=0) & ~read[-_NOW_TICKS:].any(axis=0)).sum()),
        is_mean=is_mean,
        times=window.times,
        observed=part.observed,
        expected=np.full_like(part.expected, np.nan) if is_young else part.expected,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """Some cohorts together, by tick: read, expected of what was read, and the usual distance."""

    observed: Floats
    expected: Floats
    scale: Floats

    @classmethod
    def of(cls, window: KpiWindow, columns: list[int], *, is_mean: bool) -> "_Part":
        """Return the sum of cohorts, or their mean; of a silent one nothing is expected."""
        read = np.isfinite(window.observed[:, columns])
        count = read.sum(axis=1)
        known = count > 0
        share = np.where(known, 1.0 / np.maximum(count, 1), 1.0) if is_mean else 1.0
        parts = (window.observed, window.expected, window.scale**2)
        sums = [np.where(read, one[:, columns], 0.0).sum(axis=1) for one in parts]
        observed, expected = (np.where(known, one * share, np.nan) for one in sums[:2])
        return cls(observed=observed, expected=expected, scale=np.sqrt(sums[2]) * share)

    @property
    def now(self) -> float:
        """The mean of the last ticks that were read."""
        return _mean(self.observed[-_NOW_TICKS:], self.observed[-_NOW_TICKS:])

    @property
    def usual(self) -> float:
        """What was expected of them."""
        return _mean(self.expected[-_NOW_TICKS:], self.observed[-_NOW_TICKS:])

    def state(self, *, is_young: bool) -> tuple[FlowState, float]:
        """Return how it stands, and its change against the usual."""
        now, usual = self.now, self.usual
        if not np.isfinite(now):
            return FlowState.SILENT, float("nan")
        if is_young or not np.isfinite(usual):
            return FlowState.YOUNG, float("nan")
        noise = _CLEAR * _mean(self.scale[-_NOW_TICKS:], self.observed[-_NOW_TICKS:])
        relative = (now - usual) / usual if usual > 0 else 0.0
        if abs(now - usual) <= noise:
            return FlowState.AS_USUAL, relative
        if now > usual:
            return FlowState.ABOVE, relative
        return (FlowState.STOPPED if now < _NOTHING * usual else FlowState.BELOW), relative


def _places(
    window: KpiWindow, series: Sequence[Series], columns: list[int], kpi: Kpi, *, is_mean: bool
) -> Iterator[Place]:
    regions = sorted({one.key.region for one in series if one.key.region is not None})
    found = []
    for region in regions if len(regions) > 1 else ():
        own = [
            column for column, one in zip(columns, series, strict=True) if one.key.region == region
        ]
        state, relative = _Part.of(window, own, is_mean=is_mean).state(is_young=False)
        if _hurts(state, kpi.bad_direction):
            found.append(Place(region=region, relative=relative))
    yield from sorted(found, key=lambda one: -abs(one.relative))


def _hurts(state: FlowState, bad: Direction) -> bool:
    down = state in (FlowState.BELOW, FlowState.STOPPED) and bad is not Direction.UP
    return down or (state is FlowState.ABOVE and bad is not Direction.DOWN)


def _mean(values: Floats, where_read: Floats) -> float:
    known = np.isfinite(where_read) & np.isfinite(values)
    return float(values[known].mean()) if known.any() else float("nan")
