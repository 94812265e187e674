"""Recorded series, row by row, through the functions the workers call: fit, start, step, adopt.

Every row is a tick at its own time, so a score knows of nothing later. Where rows are missing the
ticks close without a value, as they do when a source has none. Fits come when a worker's would.

A step of the engine takes about as long for one series as for fifty: those that keep to one step
share a shard. None of them knows of the others: what is said of each is said of it alone, too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from aiops.backtest import next_fit_at
from aiops.detect import engine
from aiops.detect.engine import Detection, ShardProfile, ShardState
from aiops.detect.protocol import Memory
from aiops.detect.registry import detectors_up_to
from aiops.detect.traits import Slots
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import DEFAULT_ENV, Direction, Family, Series, SeriesKey
from aiops.domain.ticks import Floats, History, Packed, Shard, Tick, Times
from aiops.domain.time import utc
from workers.offline.series_grid import STEP_ROWS, SeriesGrid, grids_of
from workers.stages.fit import FIT_SPAN

REPORT_TICKS: Final = 1000
_HIGHEST: Final = 1e9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """What is said of some rows.

    Args:
        score: how unusual, ≥ 0, finite; higher is worse.
        is_anomaly: whether the score is at the bar of the series' own past, 1, or above it; of a
            detector that knows no such bar, whether a symptom is open.
        low: end of the band, in the series' unit, as `high`; NaN where there is none yet. Of a
            counter, recognised by then, it is that of its rate per second.
    """

    score: Floats
    is_anomaly: npt.NDArray[np.bool_]
    low: Floats
    high: Floats

    @classmethod
    def nothing(cls, *shape: int) -> "Scored":
        """Return that nothing is said yet of rows."""
        return cls(
            score=np.zeros(shape),
            is_anomaly=np.zeros(shape, dtype=np.bool_),
            low=np.full(shape, np.nan),
            high=np.full(shape, np.nan),
        )

    def of(self, rows: npt.NDArray[np.intp], slot: int) -> "Scored":
        """Return the part of a series, whose first rows tell its step and are not judged."""
        judged = rows[STEP_ROWS:]
        part = Scored.nothing(len(rows))
        for name in ("score", "is_anomaly", "low", "high"):
            getattr(part, name)[STEP_ROWS:] = getattr(self, name)[judged, slot]
        return part


def score_series(
    times: Times, values: Packed, detector: str = "seasonal", *, policy: DetectPolicy | None = None
) -> Scored:
    """Score every row of a series by what was known at its time; see `score_together`."""
    return score_together([(times, values)], detector, policy=policy)[0]


def score_together(
    series: Sequence[tuple[Times, Packed]],
    detector: str = "seasonal",
    *,
    policy: DetectPolicy | None = None,
    done: Callable[[float], None] = lambda share: None,
) -> list[Scored]:
    """Score every row of several series by what was known at its time.

    Args:
        series: of each the times (epoch seconds, never descending) and the values; NaN and
            infinities are missing values.
        detector: whose verdict it is.
        policy: bars and persistence; the defaults if None.
        done: told now and then which further share of the work is done.

    Raises:
        ConfigurationError: nobody provides the detector.
    """
    found: dict[int, Scored] = {}
    grids = grids_of(series, together=detector == "seasonal")
    total = sum(len(grid.times) for grid in grids)
    for grid in grids:
        scorer = GridScorer(grid, detector, policy or DetectPolicy())
        with np.errstate(over="ignore", invalid="ignore"):  # a band may reach beyond float32
            for tick in range(len(grid.times)):
                scorer.advance(tick)
                if tick % REPORT_TICKS == 0:
                    done(min(REPORT_TICKS, len(grid.times) - tick) / total)
        for slot, (place, rows) in enumerate(zip(grid.places, grid.rows, strict=True)):
            found[place] = scorer.said.of(rows, slot)
    return [found[place] for place in range(len(series))]


class GridScorer:
    """Drives a shard of series of which nothing but their values is known.

    Args:
        grid: the ticks.
        detector: whose verdict is read.
        policy: bars and persistence.
    """

    def __init__(self, grid: SeriesGrid, detector: str, policy: DetectPolicy) -> None:
        self._grid = grid
        self._detectors = detectors_up_to(detector)
        self._detector = self._detectors[-1].name
        self._policy = policy
        self._shard = anonymous_shard(grid.step_seconds, len(grid.places))
        self._count = len(grid.places)
        self._profile: ShardProfile = ShardProfile.empty(self._shard, self._detectors)
        self._state: ShardState = engine.start(self._shard, self._profile, None)
        self._before = self._state
        self._firsts = [int(rows[0]) for rows in grid.rows]
        self._due = [
            next_fit_at(utc(int(grid.times[first])), None, grid.step_seconds)
            for first in self._firsts
        ]
        self.said = Scored.nothing(*grid.values.shape)

    @property
    def state(self) -> ShardState:
        """Where detection stands after the last tick."""
        return self._state

    def advance(self, tick: int) -> None:
        """Judge a tick, then learn from it; a second one of the same time takes its place."""
        times = self._grid.times
        if tick and times[tick] == times[tick - 1]:
            self._state = self._before
        elif tick:
            self._fit_if_due(tick - 1)  # only now it is clear that no row replaces that tick
        self._before = self._state
        row = Tick(at=utc(int(times[tick])), values=self._grid.values[tick])
        found = engine.step(self._shard, self._profile, self._state, row, self._policy)
        self._state = found.state
        self._read(tick, found)

    def _read(self, tick: int, found: Detection) -> None:
        """Note what a tick's verdict says: of the worst subject where it has others than series."""
        verdict = found.verdicts.get(self._detector)
        is_open = found.state.tracks[self._detector].held
        if verdict is None:
            self.said.is_anomaly[tick] = is_open.any()
            return
        known = verdict.ratio is not None
        score = verdict.ratio if verdict.ratio is not None else verdict.strength
        score = np.minimum(np.where(verdict.measured & (score > 0), score, 0), _HIGHEST)
        own = len(score) == self._count
        chosen = slice(None) if own else slice(int(score.argmax()), int(score.argmax()) + 1)
        self.said.score[tick] = score[chosen]
        self.said.is_anomaly[tick] = score >= 1 if known else is_open.any()
        for name in ("low", "high"):
            ends = getattr(verdict, name)[chosen]
            getattr(self.said, name)[tick] = np.where(verdict.measured[chosen], ends, np.nan)

    def _fit_if_due(self, tick: int) -> None:
        """Fit the series for which a fit is due after a tick, each by its own past."""
        now = utc(int(self._grid.times[tick]))
        due = [
            slot
            for slot, rows in enumerate(self._grid.rows)
            if rows[0] <= tick <= rows[-1] and now >= self._due[slot]
        ]
        if not due:
            return
        fitted = [self._fitted(slot, tick) for slot in due]
        for slot in due:
            first = utc(int(self._grid.times[self._firsts[slot]]))
            self._due[slot] = next_fit_at(first, now, self._grid.step_seconds)
        if self._count == 1:
            self._profile = fitted[0]
            self._state = engine.adopt(self._shard, self._profile, self._state)
            return
        name, columns = self._detector, np.array(due, dtype=np.intp)
        profile = {**self._profile.fitted}
        for slot, one in zip(due, fitted, strict=True):
            profile[name] = _with(profile[name], [slot], one.fitted[name])
        self._profile = ShardProfile.of(
            self._shard, profile, self._policy.holidays, self._counters(due, fitted)
        )
        adopted = engine.adopt(self._shard, self._profile, self._state)
        part = {key: array[..., columns] for key, array in adopted.memory[name].items()}
        memory = {**adopted.memory, name: _with(self._state.memory[name], due, part)}
        self._state = replace(adopted, memory=memory)

    def _counters(self, due: Sequence[int], fitted: Sequence[ShardProfile]) -> Slots:
        """Return the slots that are counters now that some of the series were fitted."""
        others = np.setdiff1d(self._profile.counters, due)
        found = [slot for slot, one in zip(due, fitted, strict=True) if len(one.counters)]
        return np.union1d(others, found).astype(np.intp)

    def _fitted(self, slot: int, tick: int) -> ShardProfile:
        """Return the profile of one series, fitted on its ticks up to this one."""
        times, end = self._grid.times, tick + 1
        since = times[tick] - int(FIT_SPAN.total_seconds())
        begin = max(self._firsts[slot], int(np.searchsorted(times, since)))
        last = np.r_[times[begin + 1 : end] != times[begin : end - 1], True]
        history = History(
            times=times[begin:end][last],
            values=self._grid.values[begin:end, slot : slot + 1][last],
        )
        shard = (
            self._shard
            if self._count == 1
            else replace(self._shard, series=self._shard.series[slot : slot + 1])
        )
        return engine.fit(shard, history, self._policy, detectors=self._detectors)


def _with(memory: Memory, slots: Sequence[int], part: Memory) -> Memory:
    """Return a copy of arrays by slot in which some slots have other values."""
    after = {name: array.copy() for name, array in memory.items()}
    for name, array in after.items():
        array[..., slots] = part[name]
    return after


def anonymous_shard(step_seconds: int, count: int = 1) -> Shard:
    """Return the shard of series of which nothing is known: a file's name says nothing of it."""
    services = ["csv", *(f"csv-{number}" for number in range(1, count))]
    series = [
        Series(
            key=SeriesKey(service=service, metric="value"),
            family=Family.OTHER,
            bad_direction=Direction.BOTH,
        )
        for service in services
    ]
    return Shard(
        id=f"csv.{DEFAULT_ENV}.0", env=DEFAULT_ENV, step_seconds=step_seconds, series=tuple(series)
    )
