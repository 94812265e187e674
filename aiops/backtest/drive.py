"""Signals in order → incidents, without queue or database: the pipeline's reference driver.

It works tick by tick through the very functions the workers call, fits when the workers would
fit, and knows nothing of the future.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import numpy as np

from aiops import pipeline
from aiops.backtest.course import FIRST_NUMBER, Course, Replay, Result
from aiops.backtest.fits import FitTimes
from aiops.backtest.watch import Found, Watch
from aiops.detect.tick_log import TickLog
from aiops.domain.environment import Knowledge
from aiops.domain.ticks import History, Span, Tick
from aiops.domain.time import utc

STRETCH_TICKS = 60
"""So many ticks are handed at once to who detects ahead."""

MOST_AHEAD = 48
"""So many stretches detection is ahead at most: what it found waits in memory."""

Promise = Callable[[], Sequence[Found]]
"""Waits for what is found at every tick of a stretch."""

Ahead = Callable[[History, Sequence[Span] | None], Promise]
"""Detects in the next ticks, as `Watch.play`, while what is asked for it works on."""


class Backtest:
    """Drives one environment through the pipeline, tick by tick.

    Args:
        replay: what was recorded.
        knowledge: everything that is known beforehand.
        first_number: of its first incident; environments of one recording count on.
    """

    def __init__(
        self, replay: Replay, knowledge: Knowledge, first_number: int = FIRST_NUMBER
    ) -> None:
        self.watch = Watch(
            replay.shard, replay.baseline, knowledge.policies.detect, knowledge.origin
        )
        self._fits = FitTimes(replay.shard, replay.baseline)
        self._course = Course(replay, knowledge, self.watch.log, first_number)

    @property
    def result(self) -> Result:
        """What came of the ticks so far."""
        return self._course.result

    def feed(self, tick: Tick) -> pipeline.Advance:
        """Work one tick through detect, correlate, assemble and decide; an old one does nothing."""
        if not self._course.is_new(tick.at):
            return self._course.unchanged()
        advance = self._course.take(tick.at, self.watch.step(tick))
        if self._fits.passes(tick.at):
            self.watch.refit(self._course.masked())
        return advance

    def finish(self) -> Result:
        """Return the result with the last revision of every episode."""
        return self._course.finish()


def run(
    replay: Replay,
    knowledge: Knowledge,
    *,
    first_number: int = FIRST_NUMBER,
    progress: Callable[[datetime], None] | None = None,
    ahead: Ahead | None = None,
) -> Result:
    """Replay recorded signals through the pipeline, in order, and return what came of them.

    Args:
        replay: what was recorded of one environment.
        knowledge: everything that is known beforehand.
        first_number: of its first incident.
        progress: told the last tick of every chunk that was worked.
        ahead: detects in another process; None: here, tick by tick. What comes of it is the same.
    """
    if ahead is not None:
        return _run_behind(ahead, replay, knowledge, first_number, progress or _nobody)
    backtest = Backtest(replay, knowledge, first_number)
    for chunk in replay.chunks():
        for at, values in zip(chunk.times.tolist(), chunk.values, strict=True):
            backtest.feed(Tick(at=utc(at), values=values))
        if progress is not None and len(chunk.times):
            progress(utc(int(chunk.times[-1])))
    return backtest.finish()


def _run_behind(
    ahead: Ahead,
    replay: Replay,
    knowledge: Knowledge,
    first_number: int,
    progress: Callable[[datetime], None],
) -> Result:
    """Work what is detected ahead; detection waits only where a fit is due."""
    log = TickLog(replay.shard, replay.baseline)
    course = Course(replay, knowledge, log, first_number)
    waiting: deque[tuple[History, Promise]] = deque()

    def work(most: int) -> None:
        while len(waiting) > most:
            ticks, promise = waiting.popleft()
            rows = zip(ticks.times.tolist(), ticks.values, promise(), strict=True)
            for at, values, found in rows:
                log.append(Tick(at=utc(at), values=values))
                course.take(utc(at), found)
            progress(utc(int(ticks.times[-1])))

    masked: tuple[Span, ...] | None = None
    for ticks, is_fit_due in _stretches(replay):
        waiting.append((ticks, ahead(ticks, masked)))
        work(0 if is_fit_due else MOST_AHEAD)
        masked = course.masked() if is_fit_due else None
    work(0)
    return course.finish()


def _stretches(replay: Replay) -> Iterator[tuple[History, bool]]:
    """Yield the ticks in short stretches, and whether a fit is due at the end of each."""
    fits = FitTimes(replay.shard, replay.baseline)
    last = -1
    for chunk in replay.chunks():
        begin = 0
        kept = chunk.times > np.maximum.accumulate(np.concatenate([[last], chunk.times[:-1]]))
        times, values = chunk.times[kept], chunk.values[kept]
        for place, at in enumerate(times.tolist(), 1):
            is_fit_due = fits.passes(utc(at))
            if is_fit_due or place - begin == STRETCH_TICKS or place == len(times):
                rows = slice(begin, place)
                yield History(times=times[rows], values=values[rows]), is_fit_due
                begin = place
            last = at


def _nobody(_at: datetime) -> None:
    """Tell nobody."""
