"""Who falls silent: a series, a whole service or a whole source; the widest of them speaks."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, overload

import numpy as np

from aiops.detect.plain import verdict_of
from aiops.detect.protocol import Frame, Verdict, Whole
from aiops.detect.traits import Bools, Slots
from aiops.domain.series import DEFAULT_ENV, Direction, Family, Series, SeriesKey
from aiops.domain.ticks import Shard

TELEMETRY = "telemetry"
"""The metric that speaks for all series of a service or source."""

_MOST = 0.6
_STRENGTHS = (5.0, 12.0, 20.0)
"""Of a series, a service, a source: the wider, the surer that it is more than one sensor."""


class Silence(NamedTuple):
    """Slots that are expected and have no value: `fading` at all, `lost` for too long."""

    fading: Slots
    lost: Slots
    lost_ticks: Whole


class StandIns(Sequence[Series]):
    """Who speaks when telemetry is missing: one per series, per service, and the source.

    Those of the series are made when somebody asks: hardly ever, of a hundred thousand.
    """

    def __init__(self, shard: Shard) -> None:
        self._series = shard.series
        source = shard.series[0].source if shard.series else ""
        names = [*services(shard.series), source or shard.id]
        self._wholes = tuple(_whole(name, shard, source) for name in names)

    def __len__(self) -> int:
        return len(self._series) + len(self._wholes)

    @overload
    def __getitem__(self, place: int) -> Series: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Series]: ...
    def __getitem__(self, place: int | slice) -> Series | Sequence[Series]:
        if isinstance(place, slice):
            return [self[one] for one in range(len(self))[place]]
        number = range(len(self))[place]
        count = len(self._series)
        return self._wholes[number - count] if number >= count else _single(self._series[number])


def _single(one: Series) -> Series:
    return replace(
        one,
        family=Family.OTHER,
        bad_direction=Direction.DOWN,
        unit="1",
        title=f"telemetry of {one.title or one.key.metric}",
        kpi=None,
    )


def services(series: Sequence[Series]) -> tuple[str, ...]:
    """Return the services of some series, in order of appearance."""
    return tuple(dict.fromkeys(one.key.service for one in series))


def verdict_on(frame: Frame, silence: Silence, service: Whole, expected: Bools) -> Verdict:
    """Return the verdict on series, services and source: the widest that is dark speaks.

    Args:
        frame: the tick.
        silence: what has no value.
        service: position of each series' service.
        expected: which series usually have a value.
    """
    count, services = len(frame.values), int(service.max()) + 1
    totals = np.bincount(service[expected], minlength=services)
    gone = np.bincount(service[silence.fading], minlength=services)
    began = np.bincount(service[silence.lost], minlength=services) > 0
    known = totals > 0
    mostly = gone >= _MOST * totals
    dark = (totals >= 2) & mostly
    source_dark = bool(known.sum() >= 2 and mostly[known].mean() >= _MOST)
    outside = np.zeros(count + services + 1, dtype=np.bool_)
    back = ~outside
    present = np.ones(len(outside), dtype=np.float32)
    ages = np.full(len(outside), silence.lost_ticks.max(initial=0))
    back[silence.fading], present[silence.fading] = False, 0
    back[count:-1], back[-1] = ~dark, not source_dark
    ages[silence.lost] = silence.lost_ticks
    reporting = 1 - gone / np.maximum(totals, 1)
    present[count:-1], present[-1] = reporting, reporting[known].mean()
    if source_dark and began.any():
        outside[-1] = True
    else:
        outside[silence.lost] = ~(dark & began)[service[silence.lost]]
        outside[count:-1] = dark & began
    return verdict_of(
        present,
        measured=np.ones_like(outside),
        outside=outside,
        back=back & ~outside,
        strength=np.repeat(np.array(_STRENGTHS), (count, services, 1)),
        since=frame.at - (ages - 1) * frame.step_seconds,
        expected=np.ones_like(present),
    )


def _whole(name: str, shard: Shard, source: str) -> Series:
    return Series(
        key=SeriesKey(service=name, metric=TELEMETRY, env=shard.env or DEFAULT_ENV),
        family=Family.OTHER,
        bad_direction=Direction.DOWN,
        unit="1",
        title=f"telemetry from {name}",
        source=source,
    )
