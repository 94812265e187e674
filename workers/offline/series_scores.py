"""One series, row by row, through the very functions the workers call: fit, start, step, adopt.

Every row is a tick at its own time, so a score knows of nothing later. Where rows are missing the
ticks close without a value, as they do when a source has none. Fits come when a worker's would.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from aiops.backtest import next_fit_at
from aiops.detect import engine
from aiops.detect.engine import ShardProfile, ShardState
from aiops.detect.persistence import OPEN
from aiops.detect.protocol import Verdict
from aiops.detect.registry import detector_named
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import DEFAULT_ENV, Direction, Family, Series, SeriesKey
from aiops.domain.ticks import Floats, History, Packed, Shard, Tick, Times
from aiops.domain.time import utc
from aiops.recording.grid import SEAM_SECONDS, SEAM_TICKS
from workers.stages.fit import FIT_SPAN

STEP_ROWS: Final = 12
"""The step is the median distance of this many rows at the beginning; they are not judged."""

REPORT_ROWS: Final = 1000
_STEP_WITHOUT_ROWS: Final = 60
_HIGHEST: Final = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is said of one row.

    Args:
        score: how unusual, ≥ 0, finite; higher is worse.
        is_anomaly: whether a symptom is open: what people would be told of.
        low: end of the band, in the series' unit, as `high`; NaN where there is none yet.
    """

    score: float = 0.0
    is_anomaly: bool = False
    low: float = np.nan
    high: float = np.nan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """The readings of a series, by row."""

    score: Floats
    is_anomaly: npt.NDArray[np.bool_]
    low: Floats
    high: Floats


def score_series(
    times: Times,
    values: Packed,
    detector: str = "seasonal",
    *,
    policy: DetectPolicy | None = None,
    done: Callable[[int], None] = lambda rows: None,
) -> Scored:
    """Score every row of a series by what was known at its time.

    Args:
        times: epoch seconds, never descending.
        values: by row; NaN and infinities are missing values.
        detector: whose verdict it is.
        policy: bars and persistence; the defaults if None.
        done: told now and then how many rows more are scored.

    Raises:
        ConfigurationError: nobody provides the detector.
    """
    scorer = SeriesScorer(step_seconds_of(times), detector, policy or DetectPolicy())
    readings = []
    with np.errstate(over="ignore", invalid="ignore"):  # a band may reach beyond float32
        for row, (at, value) in enumerate(zip(times.tolist(), values, strict=True)):
            reading = scorer.feed(at, value)
            readings.append(reading if row >= STEP_ROWS else Reading())
            if row % REPORT_ROWS == REPORT_ROWS - 1:
                done(REPORT_ROWS)
    done(len(readings) % REPORT_ROWS)
    return Scored(
        score=np.array([one.score for one in readings]),
        is_anomaly=np.array([one.is_anomaly for one in readings], dtype=np.bool_),
        low=np.array([one.low for one in readings]),
        high=np.array([one.high for one in readings]),
    )


def step_seconds_of(times: Times) -> int:
    """Return the lower median distance of the first `STEP_ROWS` rows, in seconds, ≥ 1.

    Only these decide, so that no later row changes what was said before it.

    Examples:
        >>> step_seconds_of(np.array([0, 60, 120, 600, 660]))
        60
    """
    distances = np.diff(times[:STEP_ROWS])
    distances = distances[distances > 0]
    if not len(distances):
        return _STEP_WITHOUT_ROWS
    return int(np.quantile(distances, 0.5, method="lower"))


@dataclass(slots=True)
class _Log:
    """Every tick so far that a fit may still look at."""

    times: list[int] = field(default_factory=list)
    values: list[np.float32] = field(default_factory=list)

    def put(self, at: int, value: np.float32) -> None:
        """Add a tick; at the time of the last one it replaces it."""
        if self.times and self.times[-1] == at:
            self.values[-1] = value
            return
        self.times.append(at)
        self.values.append(value)

    def recent(self) -> History:
        """Return what a worker would fit on, and forget what is older."""
        first = bisect_left(self.times, self.times[-1] - int(FIT_SPAN.total_seconds()))
        del self.times[:first], self.values[:first]
        values = np.array(self.values, dtype=np.float32)[:, None]
        return History(times=np.array(self.times, dtype=np.int64), values=values)


class SeriesScorer:
    """Drives a shard of one series, of which nothing but its values is known.

    Args:
        step_seconds: distance of two rows.
        detector: whose verdict is read.
        policy: bars and persistence.
    """

    def __init__(self, step_seconds: int, detector: str, policy: DetectPolicy) -> None:
        self._detector = detector_named(detector).name
        self._policy = policy
        self._shard = anonymous_shard(step_seconds)
        self._profile: ShardProfile = ShardProfile.empty(self._shard)
        self._state: ShardState = engine.start(self._shard, self._profile, None)
        self._before = self._state
        self._log = _Log()
        self._first_at: datetime | None = None
        self._fit_due: datetime | None = None

    @property
    def state(self) -> ShardState:
        """Where detection stands after the last row."""
        return self._state

    def feed(self, at: int, value: np.float32) -> Reading:
        """Judge a row, then learn from it; a second one of the same time takes its place."""
        if self._first_at is None:
            self._first_at = utc(at)
            self._fit_due = next_fit_at(self._first_at, None, self._shard.step_seconds)
        elif at == self._state.at:
            self._state = self._before
        else:
            self._refit_if_due()
            self._miss_until(at)
        return self._advance(at, value)

    def _miss_until(self, at: int) -> None:
        """Close the ticks of a silence without a value, unless it is as long as a seam."""
        step, last = self._shard.step_seconds, self._state.at
        missing = int((at - last) / step - 0.5)
        if missing >= max(min(SEAM_TICKS, SEAM_SECONDS // step), 1):
            return
        for number in range(1, missing + 1):
            self._advance(last + number * step, np.float32(np.nan))
            self._refit_if_due()

    def _advance(self, at: int, value: np.float32) -> Reading:
        values = np.array([value], dtype=np.float32)
        self._before = self._state
        tick = Tick(at=utc(at), values=values)
        detection = engine.step(self._shard, self._profile, self._state, tick, self._policy)
        self._state = detection.state
        self._log.put(at, value)
        verdict = detection.verdicts.get(self._detector)
        return reading_of(verdict, self._state, self._detector)

    def _refit_if_due(self) -> None:
        """Fit after the tick at which it is due, once it is clear that no row replaces it."""
        at = utc(self._state.at)
        if self._first_at is None or self._fit_due is None or at < self._fit_due:
            return
        self._profile = engine.fit(self._shard, self._log.recent(), self._policy)
        self._state = engine.adopt(self._shard, self._profile, self._state)
        self._fit_due = next_fit_at(self._first_at, at, self._shard.step_seconds)


def reading_of(verdict: Verdict | None, state: ShardState, detector: str) -> Reading:
    """Return what a detector's verdict and persistence make of a row.

    A detector may speak about several subjects of the one series: the worst one counts.

    Args:
        verdict: on the tick, None when there was nothing to judge by.
        state: after the tick.
        detector: whose verdict it is.
    """
    is_open = bool((state.tracks[detector].phase == OPEN).any())
    if verdict is None or not verdict.measured.any():
        return Reading(is_anomaly=is_open)
    known = verdict.measured & (verdict.strength > 0)
    strength = np.where(known, verdict.strength, 0)
    worst = int(strength.argmax())
    return Reading(
        score=min(float(strength[worst]), _HIGHEST),
        is_anomaly=is_open,
        low=float(verdict.low[worst]),
        high=float(verdict.high[worst]),
    )


def anonymous_shard(step_seconds: int) -> Shard:
    """Return the shard of a series of which nothing is known: a file's name says nothing of it."""
    key = SeriesKey(service="csv", metric="value")
    series = Series(key=key, family=Family.OTHER, bad_direction=Direction.BOTH)
    return Shard(
        id=f"csv.{DEFAULT_ENV}.0", env=DEFAULT_ENV, step_seconds=step_seconds, series=(series,)
    )
