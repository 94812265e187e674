"""Values of a simulated shop at any time: season, noise, blips, and what is going wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from aiops.demo import noise
from aiops.demo.blueprint import Cohort
from aiops.demo.gauges import Gauge
from aiops.demo.metrics import Role
from aiops.demo.seasons import load
from aiops.domain.series import Series
from aiops.domain.ticks import Packed, Times

_BLOCK_VALUES: Final = 1 << 17
"""Values worked on at once: what fits the processor's cache."""

_SLOW_SECONDS: Final = 420
_HOURS_SECONDS: Final = 4 * 3600


class Shape(StrEnum):
    """How an effect comes: at once, growing until it ends, or like a hill."""

    STEP = "step"
    RAMP = "ramp"
    HILL = "hill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One way some series are moved for a while: value x factor + add, in the effect's shape.

    Args:
        service: whose series.
        role: which of its metrics.
        start: epoch seconds, the first second it is felt.
        end: epoch seconds, the first second of recovery.
        region: only this one; None for all.
        segment: only this one; None for all.
        operation: only this one, "" for the service's total only; None for all of them.
        peer: only client-side series of calls to this service.
        shape: how it comes.
        rise_seconds: a step is full after this long.
        fall_seconds: how long recovery takes.
    """

    service: str
    role: Role
    start: float
    end: float
    factor: float = 1.0
    add: float = 0.0
    region: str | None = None
    segment: str | None = None
    operation: str | None = None
    peer: str | None = None
    shape: Shape = Shape.STEP
    rise_seconds: float = 0.0
    fall_seconds: float = 60.0

    def strength(self, times: Times) -> npt.NDArray[np.float32]:
        """Return how much of the effect is felt, in [0, 1], shape (times,)."""
        since = times - self.start
        length = max(self.end - self.start, 1.0)
        if self.shape is Shape.HILL:
            share = np.sin(np.pi * np.clip(since / length, 0.0, 1.0)) ** 2
        else:
            rise = length if self.shape is Shape.RAMP else max(self.rise_seconds, 1e-9)
            share = np.where(since >= 0, np.clip(since / rise, 0.0, 1.0), 0.0)
            if self.shape is Shape.STEP and self.rise_seconds <= 0:
                share = (since >= 0).astype(np.float64)
            left = 1 - (times - self.end) / max(self.fall_seconds, 1e-9)
            share = share * np.clip(np.where(times < self.end, 1.0, left), 0.0, 1.0)
        return np.asarray(share, dtype=np.float32)

    def moves(self, gauge: Gauge) -> bool:
        """Whether it moves this series."""
        key = gauge.series.key
        return (
            key.service == self.service
            and gauge.role is self.role
            and (self.region is None or key.region == self.region)
            and (self.segment is None or key.segment == self.segment)
            and (self.operation is None or (key.label("operation") or "") == self.operation)
            and (self.peer is None or key.label("peer") == self.peer)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """The series of a shop and everything that ever happens to them.

    The value of a series at a time depends on nothing but the seed, the series and the time.
    """

    gauges: tuple[Gauge, ...]
    cohorts: tuple[Cohort, ...]
    seed: int
    effects: tuple[tuple[Effect, npt.NDArray[np.intp]], ...] = ()

    @classmethod
    def build(
        cls,
        gauges: Sequence[Gauge],
        cohorts: Sequence[Cohort],
        seed: int,
        effects: Iterable[Effect] = (),
    ) -> Self:
        """Put series and effects together.

        Raises:
            ValueError: an effect moves no series: it names something the shop does not have.
        """
        by_place: dict[tuple[str, Role], list[int]] = {}
        for column, gauge in enumerate(gauges):
            by_place.setdefault((gauge.series.key.service, gauge.role), []).append(column)
        placed = []
        for effect in effects:
            near = by_place.get((effect.service, effect.role), [])
            columns = [column for column in near if effect.moves(gauges[column])]
            if not columns:
                raise ValueError(f"no series of the shop is moved by {effect}")
            placed.append((effect, np.asarray(columns, dtype=np.intp)))
        return cls(tuple(gauges), tuple(cohorts), seed, tuple(placed))

    @property
    def series(self) -> tuple[Series, ...]:
        """The series, by column."""
        return tuple(gauge.series for gauge in self.gauges)

    def values(self, times: Times, columns: Sequence[int] | None = None) -> Packed:
        """Return values, float32, shape (times, columns); NaN where nothing was reported.

        Args:
            times: epoch seconds, in any order and distance.
            columns: which series; None for all.
        """
        wanted = np.arange(len(self.gauges)) if columns is None else np.asarray(columns, np.intp)
        out = np.empty((len(times), len(wanted)), dtype=np.float32)
        if not out.size:
            return out
        numbers = _Numbers.of(self, wanted)
        rows = max(1, _BLOCK_VALUES // len(wanted))
        for first in range(0, len(times), rows):
            block = times[first : first + rows]
            out[first : first + rows] = self._block(block, numbers)
        return out

    def _block(self, times: Times, numbers: "_Numbers") -> Packed:
        loads = np.stack([load(cohort.season, times) for cohort in self.cohorts], axis=1)
        at_load = loads[:, numbers.cohort]
        random = noise.bits(numbers.keys, times)
        z = noise.quantiles().ravel()[numbers.tail + noise.lane(random, 0)]
        z = 0.85 * z + 0.5 * noise.wander(numbers.keys, times, _SLOW_SECONDS)
        rough = numbers.rough * np.where(numbers.quiet, at_load**-0.5, 1)
        drift = 1 + numbers.wander * noise.wander(numbers.keys, times, _HOURS_SECONDS)
        values: Packed = numbers.level * (1 + numbers.gain * (at_load - 1)) * drift
        values *= np.maximum(1 + rough * z, 0)
        blips = np.nonzero(noise.lane(random, 1) < numbers.blip)
        values[blips] *= 1 + (6 + np.abs(z[blips]) * 3) * np.minimum(rough[blips], 0.3)
        self._disturb(values, z, times, numbers.places)
        counts = numbers.counts
        values[:, counts] = np.floor(
            values[:, counts] + noise.lane(random, 2)[:, counts].astype(np.float32) / 65536
        )
        np.minimum(values, numbers.ceiling, out=values)
        values[noise.lane(random, 3) < numbers.sparse] = np.nan
        return values

    def _disturb(
        self, values: Packed, z: Packed, times: Times, places: npt.NDArray[np.intp]
    ) -> None:
        """Apply what happens in this stretch of time, in place."""
        first, last = int(times.min()), int(times.max())
        for effect, columns in self.effects:
            if effect.start > last or effect.end + effect.fall_seconds < first:
                continue
            here = places[columns]
            here = here[here >= 0]
            if not len(here):
                continue
            strength = effect.strength(times)[:, None]
            values[:, here] *= 1 + strength * (effect.factor - 1)
            if effect.add:
                values[:, here] += strength * effect.add * np.maximum(1 + 0.02 * z[:, here], 0)


@dataclass(frozen=True, slots=True, eq=False)
class _Numbers:
    """The gauges' numbers as columns, for one selection of series."""

    keys: noise.Bits
    places: npt.NDArray[np.intp]
    cohort: npt.NDArray[np.intp]
    tail: npt.NDArray[np.int32]
    level: Packed
    gain: Packed
    rough: Packed
    wander: Packed
    quiet: npt.NDArray[np.bool_]
    counts: npt.NDArray[np.intp]
    ceiling: Packed
    blip: npt.NDArray[np.int32]
    sparse: npt.NDArray[np.int32]

    @classmethod
    def of(cls, simulation: Simulation, wanted: npt.NDArray[np.intp]) -> "_Numbers":
        gauges = [simulation.gauges[column] for column in wanted]
        moves = [gauge.behaviour for gauge in gauges]
        places = np.full(len(simulation.gauges), -1, dtype=np.intp)
        places[wanted] = np.arange(len(wanted))

        def packed(values: list[float]) -> Packed:
            return np.asarray(values, dtype=np.float32)

        return cls(
            keys=noise.keys(simulation.seed, len(simulation.gauges))[wanted],
            places=places,
            cohort=np.asarray([gauge.cohort for gauge in gauges], dtype=np.intp),
            tail=np.asarray([move.tail << 16 for move in moves], dtype=np.int32),
            level=packed([gauge.level for gauge in gauges]),
            gain=packed([move.gain for move in moves]),
            rough=packed([move.rough for move in moves]),
            wander=packed([move.wander for move in moves]),
            quiet=np.asarray([move.noisier_when_quiet for move in moves], dtype=np.bool_),
            counts=np.flatnonzero([move.counts for move in moves]),
            ceiling=packed([move.ceiling for move in moves]),
            blip=np.asarray([round(gauge.blip * 65536) for gauge in gauges], dtype=np.int32),
            sparse=np.asarray([round(gauge.sparse * 65536) for gauge in gauges], dtype=np.int32),
        )
