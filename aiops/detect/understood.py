"""What a fit made of every series, for people: season, counter or gauge, share, sparse or dense."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.detect.absence import USUALLY_PRESENT
from aiops.detect.clock_change import say_change
from aiops.detect.season_medians import DAILY, LEVEL, WEEKLY, YOUNG
from aiops.detect.values import ShardProfile
from aiops.domain.families import whole_of
from aiops.domain.series import Series
from aiops.domain.ticks import Packed, Shard

SEASONS: Final = {YOUNG: "young", LEVEL: "none", DAILY: "daily", WEEKLY: "weekly"}
"""What a season is called; a weekly one has its days in it, and holidays are its Sundays."""

GOOD_DAYS: Final = 13.9
"""From two weeks on both weekends are known, and expectations are good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """How one series is judged.

    Args:
        series: as it is judged; a counter as its rate per second.
        step_seconds: distance between two ticks.
        season: a value of `SEASONS`.
        days: of values, that the season was learnt from.
        is_counter: whether its rate is judged, because its values only rise.
        upper: its greatest possible value where it is a share of a whole: 1, or 100 for per cent.
        reporting: share of the last ticks at which it had a value; None where there were none.
        expected: median over the season, in the series' unit; None while it is young.
        usual_distance: median distance from what is expected, in the same unit.
        clock_change: in words, where one was recognised in the data; else "".
    """

    series: Series
    step_seconds: int
    season: str
    days: float
    is_counter: bool
    upper: float | None
    reporting: float | None
    expected: float | None
    usual_distance: float | None
    clock_change: str = ""

    @property
    def standing(self) -> str:
        """How far it can be trusted: `young` never pages alone, `good` knows both weekends."""
        if self.season == SEASONS[YOUNG]:
            return "young"
        return "good" if self.days >= GOOD_DAYS else "useful"

    @property
    def is_sparse(self) -> bool:
        """Whether it has values at few ticks only."""
        return self.reporting is not None and self.reporting < USUALLY_PRESENT


def understood(shard: Shard, profile: ShardProfile, lately: Packed) -> Iterator[Understood]:
    """Yield how each series of a shard is judged, by slot.

    Args:
        shard: the series.
        profile: the newest one.
        lately: values of the last ticks, shape (ticks, series).
    """
    fitted = profile.fitted["seasonal"]
    counters = set(profile.counters.tolist())
    reporting = np.isfinite(lately).mean(axis=0) if len(lately) else None
    season, scale = np.median(fitted["season"], axis=0), np.median(fitted["scale"], axis=0)
    distance = np.where(fitted["relative"], scale * np.abs(season), scale)
    for slot, series in enumerate(profile.series):
        young = int(fitted["kind"][slot]) == YOUNG
        yield Understood(
            series=series,
            step_seconds=shard.step_seconds,
            season=SEASONS[int(fitted["kind"][slot])],
            days=float(fitted["days"][slot]),
            is_counter=slot in counters,
            upper=whole_of(series.key.metric, series.unit),
            reporting=None if reporting is None else float(reporting[slot]),
            expected=None if young else float(season[slot]),
            usual_distance=None if young else float(distance[slot]),
            clock_change=say_change(int(fitted["moved"][slot])).lstrip(", "),
        )
