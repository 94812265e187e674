"""What of a source's pushed samples is in memory: put in order of time, and derived."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from aiops.derive import engine
from aiops.derive.engine import RawSamples
from aiops.derive.lanes import NOWHERE
from aiops.derive.plan import Plan, plan_of
from aiops.domain.pulled import Sample
from aiops.domain.pushed import Block, RawSeries, Whole
from aiops.domain.series import Series
from aiops.domain.ticks import Floats, Times
from aiops.domain.time import utc
from aiops.ingest.pushed_signals import Signals
from aiops.store.pushed import PushedSamples, Reached
from workers.stages.poll import SILENT_TICKS, floor_tick

TICKS_AT_ONCE = 240


@dataclass(slots=True)
class Held:
    """What of a source is in memory.

    Args:
        signals: of the source.
        read: the last body that was read.
        next_number: all raw series with lower numbers are known.
        newest: epoch milliseconds of the newest sample.
        heard_at: when the last body came.
        late_from: the earliest sample that came after its tick had closed.
        raw: how many raw series are known.
        trouble: what is wrong with what is sent; empty for nothing.
    """

    signals: Signals
    read: int = 0
    next_number: int = 0
    newest: int = 0
    heard_at: datetime | None = None
    late_from: int | None = None
    raw: int = 0
    trouble: str = ""
    _series: list[Series] = field(default_factory=list)
    _plan: Plan | None = None
    _rings: engine.Rings = ()
    _named: tuple[Series | None, ...] = ()
    _waiting: list[tuple[Whole, Times, Floats]] = field(default_factory=list)
    _heard: int | None = None
    _is_sorted: bool = False
    _slots: Whole = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def take(
        self, bodies: Sequence[PushedSamples], reached: Reached, fresh: Mapping[int, RawSeries]
    ) -> None:
        """Take bodies in, and the series that are new with them."""
        self._know(fresh)
        closed = None if reached.closed is None else _milliseconds(reached.closed)
        for body in bodies:
            for block in body.blocks:
                if not len(block.at):
                    continue
                oldest = int(block.at.min())
                self.newest = max(self.newest, int(block.at.max()))
                if closed is not None and body.id > reached.position and oldest <= closed:
                    self.late_from = min(oldest, self.late_from or oldest)
                self._waiting.append(_columns(block))
                self._is_sorted = False
            self.heard_at = body.received_at
        self.read = bodies[-1].id

    def due(self, now: datetime, reached: Reached) -> datetime | None:
        """Return the last tick whose samples have come; None while nothing ever came.

        A source that is behind, for it was cut off, is followed in its own time.
        """
        source = self.signals.source
        if not self.newest:
            if reached.closed is None:
                return None
            self.newest = _milliseconds(reached.closed)
        self.heard_at = self.heard_at or now
        delay = timedelta(seconds=source.delay_seconds)
        newest = utc(self.newest / 1000)
        until = now if now - newest <= delay else newest
        patience = SILENT_TICKS * timedelta(seconds=source.step_seconds)
        if now - self.heard_at > patience:
            until = max(until, now - patience)
        return floor_tick(until - delay, source.step_seconds)

    def ticks(self, reached: Reached, due: datetime) -> list[datetime]:
        """Return the ticks to work on, in order: those that late samples are of come first."""
        step = self.signals.source.step_seconds
        begin = self._first() if reached.closed is None else reached.closed.timestamp() + step
        if self.late_from is not None:
            begin = min(begin, -(-self.late_from // (step * 1000)) * step)
            begin = max(begin, due.timestamp() - TICKS_AT_ONCE * step)
        self.late_from = None
        count = int(due.timestamp() - begin) // step + 1
        return [utc(begin + number * step) for number in range(min(count, TICKS_AT_ONCE))]

    def tick(self, at: datetime) -> Floats | None:
        """Return the derived values of a moment, shape (outputs,); None where nothing was heard."""
        source = self.signals.source
        end = _milliseconds(at)
        heard = self._observe(end)
        quiet = end - (source.step_seconds + source.scrape_seconds) * 1000
        if self._plan is None or self.newest < end or (heard is not None and heard < quiet):
            return None
        return np.asarray(engine.derive(self._plan, self._rings, at), dtype=np.float64)

    def samples(self, ticks: Sequence[Floats | None]) -> list[Sample]:
        """Return the derived series with their values at some ticks."""
        if self._plan is None:
            return []
        silent = np.full(len(self._named), np.nan)
        values = np.array([silent if one is None else one for one in ticks])
        return [
            Sample(series=series, values=values[:, place])
            for place, series in enumerate(self._named)
            if series is not None
        ]

    def matters_from(self, reached: Reached) -> datetime:
        """Return since when samples matter for ticks that are still to be closed."""
        source = self.signals.source
        longest = max((one.window_seconds for one in source.signals), default=0)
        assert reached.closed is not None  # noqa: S101  # a tick was closed
        return reached.closed - timedelta(seconds=longest + source.step_seconds)

    def _know(self, fresh: Mapping[int, RawSeries]) -> None:
        """Plan anew where there are new series; what the others have in memory stays."""
        if not fresh:
            return
        self.raw += len(fresh)
        last = max(fresh)
        self.next_number = last + fresh[last].width
        slots = np.full(self.next_number, NOWHERE)
        slots[: len(self._slots)] = self._slots
        for number, raw in fresh.items():
            columns = raw.expanded()
            slots[number : number + len(columns)] = range(
                len(self._series), len(self._series) + len(columns)
            )
            self._series += columns
        self._slots = slots
        scrape = self.signals.source.scrape_seconds
        plan = plan_of(self.signals.derivations(), self._series)
        if self._plan is None:
            self._rings = engine.start(plan, scrape)
        else:
            self._rings = engine.carried(self._plan, self._rings, plan, scrape)
        self._plan = plan
        self._named, self.trouble = _named(self.signals, plan)

    def _observe(self, end: int) -> int | None:
        """Take the samples up to a moment; return when the newest of all so far was measured."""
        if not self._waiting:
            return self._heard
        numbers, at, values = (np.concatenate(one) for one in zip(*self._waiting, strict=True))
        if not self._is_sorted:
            order = np.argsort(at, kind="stable")  # of two for one moment, the first stays
            numbers, at, values = numbers[order], at[order], values[order]
            self._is_sorted = True
        cut = int(np.searchsorted(at, end, side="right"))
        if cut and self._plan is not None:
            known = self._are_known(numbers[:cut])
            slots = self._slots[numbers[:cut][known]]
            samples = RawSamples(slots=slots, at=at[:cut][known], values=values[:cut][known])
            engine.observe(self._plan, self._rings, samples)
            self._heard = max(int(at[cut - 1]), self._heard or 0)
        self._waiting = [(numbers[cut:], at[cut:], values[cut:])] if cut < len(at) else []
        return self._heard

    def _are_known(self, numbers: Whole) -> npt.NDArray[np.bool_]:
        """Return which numbers are of series that are not forgotten."""
        known = numbers < len(self._slots)
        known[known] = self._slots[numbers[known]] != NOWHERE
        return known

    def _first(self) -> float:
        """Return the first tick at or after the first sample, epoch seconds."""
        step = self.signals.source.step_seconds * 1000
        first = min(int(at.min()) for _, at, _ in self._waiting if len(at))
        return -(-first // step) * step / 1000


def _named(signals: Signals, plan: Plan) -> tuple[tuple[Series | None, ...], str]:
    """Return the derived series as the settings describe them, and what is wrong with some.

    One that nobody says the service of is left out, and the second of two that are the same.
    """
    found: dict[str, Series] = {}
    named: list[Series | None] = []
    ownerless, twice = [], []
    for one in plan.outputs:
        series = signals.named(one)
        if series is None:
            ownerless.append(one.key.fingerprint)
        elif found.setdefault(series.key.fingerprint, series) is not series:
            twice.append(series.key.fingerprint)
            series = None
        named.append(series)
    names = ", ".join(signals.source.labels.service)
    told = [
        f"{len(some)} series {what}, as {some[0]}: {hint}"
        for some, what, hint in (
            (
                ownerless,
                "say nowhere whose they are",
                f"expected one of the labels {names}; name others in `labels.service`, or write "
                "`service:` beside the signal",
            ),
            (twice, "are called as others", "write `service:` beside the signal"),
        )
        if some
    ]
    return tuple(named), "; ".join(told)


def _columns(block: Block) -> tuple[Whole, Times, Floats]:
    """Return the samples of a block, those of a wide one side by side."""
    width = block.values.shape[1]
    numbers = (block.numbers.astype(np.int64)[:, None] + np.arange(width)).reshape(-1)
    values = block.values.reshape(-1)
    return numbers, np.repeat(block.at, width), np.where(np.isfinite(values), values, np.nan)


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
