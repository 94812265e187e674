"""Made series for the tests of detection: seasons, noise and what happens to them."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from aiops.detect import engine
from aiops.domain.families import classify
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import Direction, Family, Series, SeriesKey
from aiops.domain.symptoms import SymptomFact
from aiops.domain.ticks import History, Packed, Shard, Tick
from aiops.domain.time import utc

MONDAY = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
DAY = 86_400
POLICY = DetectPolicy()

Grid = npt.NDArray[np.float64]


def series_of(
    metric: str,
    service: str = "shop",
    *,
    unit: str = "",
    kpi: str | None = None,
    zone: str = "UTC",
    region: str | None = None,
) -> Series:
    family, direction = classify(metric, unit)
    if kpi is not None:
        family, direction = Family.KPI, Direction.DOWN
    return Series(
        key=SeriesKey(service=service, metric=metric, region=region),
        family=family,
        bad_direction=direction,
        unit=unit,
        title=metric,
        kpi=kpi,
        source="prometheus",
        zone=zone,
    )


def shard_of(series: Sequence[Series], step_seconds: int = 60) -> Shard:
    return Shard(
        id="prometheus.prod.0", env="prod", step_seconds=step_seconds, series=tuple(series)
    )


def times_of(days: float, step_seconds: int = 60, start: int = MONDAY) -> npt.NDArray[np.int64]:
    return start + step_seconds * np.arange(1, int(days * DAY / step_seconds) + 1, dtype=np.int64)


def day_curve(times: npt.NDArray[np.int64]) -> Grid:
    """Return 1 at night and 3 in the afternoon."""
    return np.asarray(2 + np.sin(2 * np.pi * (times % DAY) / DAY - 0.6 * np.pi))


def week_curve(times: npt.NDArray[np.int64]) -> Grid:
    """Return the day curve, at two fifths on Saturdays and Sundays."""
    weekend = ((times - MONDAY) // DAY) % 7 >= 5
    return day_curve(times) * np.where(weekend, 0.4, 1.0)


def history_of(times: npt.NDArray[np.int64], *columns: Grid) -> History:
    return History(times=times, values=np.column_stack(columns).astype(np.float32))


class Run:
    """A shard under the engine, tick by tick."""

    def __init__(
        self,
        shard: Shard,
        history: History | None,
        *,
        fitted: bool = True,
        policy: DetectPolicy = POLICY,
    ) -> None:
        self.shard, self.policy = shard, policy
        self.profile = (
            engine.fit(shard, history, policy)
            if fitted and history is not None
            else engine.ShardProfile.empty(shard)
        )
        self.state = engine.start(shard, self.profile, history)
        self.facts: list[SymptomFact] = []
        self.kpis: list[object] = []
        self.ratio = np.zeros(len(shard.series), dtype=np.float32)

    def feed(self, at: int, values: Packed) -> tuple[SymptomFact, ...]:
        tick = Tick(at=utc(at), values=np.asarray(values, dtype=np.float32))
        found = engine.step(self.shard, self.profile, self.state, tick, self.policy)
        self.state = found.state
        self.facts += found.facts
        self.kpis.append(found.kpis)
        verdict = found.verdicts.get("seasonal")
        if verdict is not None and verdict.ratio is not None:
            self.ratio = verdict.ratio
        return found.facts

    def feed_all(self, history: History) -> list[SymptomFact]:
        facts: list[SymptomFact] = []
        for at, row in zip(history.times.tolist(), history.values, strict=True):
            facts += self.feed(at, row)
        return facts
