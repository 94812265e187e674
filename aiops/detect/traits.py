"""What is known of every slot before any value: bad ways, floors of its scale, who is sensitive."""

import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from aiops.domain.families import is_percent, is_ratio, words_of
from aiops.domain.series import Direction, Family, Series
from aiops.domain.ticks import Packed, Shard

Bools = npt.NDArray[np.bool_]
Slots = npt.NDArray[np.intp]

NOBODY: Slots = np.zeros(0, dtype=np.intp)

EVERY = slice(None)
"""All slots."""

_COUNTED = frozenset(
    {"queue", "queued", "connections", "connection", "pool", "threads", "thread", "backlog"}
    | {"depth", "inflight", "pending", "active", "goroutines", "lag"}
)
_MILLISECOND = {"s": 1e-3, "ms": 1.0, "us": 1e3, "µs": 1e3, "ns": 1e6}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traits:
    """Standing knowledge of a shard's series, by slot.

    A scale is never below `floor + floor_relative * |level| + floor_root * sqrt(|level|)`: the
    last term is the spread of a count of independent events.

    Args:
        up: whether leaving the band upwards is bad.
        down: whether leaving it downwards is.
        worse: 1, 0 and 0, -1 where only one way is bad: what a distance counts upwards and
            downwards, shape (2, series).
        sensitive: KPIs and error ratios, for which one extreme tick suffices.
        unknown: series of which nothing but their values is known.
        floor: in the series' unit.
        floor_relative: share of the level.
        floor_root: factor of the root of the level.
        kpi_slots: slots that carry a declared KPI.
        zones: every zone with its slots; None for all of them.
        phase_seconds: where in an hour this shard does what is due once in one, so that shards
            take turns.
    """

    up: Bools
    down: Bools
    worse: Packed
    sensitive: Bools
    unknown: Bools
    floor: Packed
    floor_relative: Packed
    floor_root: Packed
    kpi_slots: Slots
    kpi_series: tuple[Series, ...]
    zones: tuple[tuple[str, Slots | None], ...]
    phase_seconds: int

    def scale_floor(self, level: Packed, slots: Slots | slice = EVERY) -> Packed:
        """Return the least believable scale at the levels of some slots, in their units."""
        size = np.abs(level)
        relative = self.floor_relative[slots] * size
        return self.floor[slots] + relative + self.floor_root[slots] * np.sqrt(size)


def together(slots: Slots) -> Slots | slice:
    """Return neighbours as a slice: picking them out one by one takes many times as long."""
    first, last = int(slots[0]), int(slots[-1])
    return slice(first, last + 1) if last - first + 1 == len(slots) else slots


def traits_of(shard: Shard) -> Traits:
    """Return the traits of a shard's series."""
    series = shard.series
    floors = np.array(
        [_floors(one.family, one.key.metric, one.unit, shard.step_seconds) for one in series],
        dtype=np.float32,
    )
    floors = floors.reshape(len(series), 3)
    kpis = tuple(slot for slot, one in enumerate(series) if one.kpi is not None)
    up = np.array([one.bad_direction is not Direction.DOWN for one in series], dtype=np.bool_)
    down = np.array([one.bad_direction is not Direction.UP for one in series], dtype=np.bool_)
    return Traits(
        up=up,
        down=down,
        worse=np.stack([up, -1.0 * down]).astype(np.float32),
        sensitive=np.array([_is_sensitive(one) for one in series], dtype=np.bool_),
        unknown=np.array([one.family is Family.OTHER for one in series], dtype=np.bool_),
        floor=floors[:, 0].copy(),
        floor_relative=floors[:, 1].copy(),
        floor_root=floors[:, 2].copy(),
        kpi_slots=np.array(kpis, dtype=np.intp),
        kpi_series=tuple(series[slot] for slot in kpis),
        zones=_zones(series),
        phase_seconds=zlib.crc32(shard.id.encode()) % 60 * 60,
    )


def _zones(series: Sequence[Series]) -> tuple[tuple[str, Slots | None], ...]:
    slots: dict[str, list[int]] = defaultdict(list)
    for slot, one in enumerate(series):
        slots[one.zone].append(slot)
    if len(slots) <= 1:
        return tuple((zone, None) for zone in slots)
    return tuple((zone, np.array(found, dtype=np.intp)) for zone, found in slots.items())


def _is_sensitive(series: Series) -> bool:
    if series.kpi is not None or series.family is Family.KPI:
        return True
    return series.family is Family.ERRORS and _is_ratio(series.key.metric, series.unit)


_is_ratio = lru_cache(maxsize=4096)(is_ratio)


@lru_cache(maxsize=4096)
def _floors(
    family: Family, metric: str, unit: str, step_seconds: int
) -> tuple[float, float, float]:
    """Return (absolute, relative, root) floors: what of a change nobody would speak of."""
    ratio = is_ratio(metric, unit)
    whole = 100.0 if is_percent(metric, unit) else 1.0
    root, single = _event_spread(unit, step_seconds)
    match family:
        case Family.ERRORS:
            found = (0.002 * whole, 0.15, 0.0) if ratio else (single, 0.10, root)
        case Family.AVAILABILITY:
            found = (0.002 * whole, 0.0, 0.0)
        case Family.LATENCY:
            found = (_MILLISECOND.get(unit, 0.0), 0.05, 0.0)
        case Family.TRAFFIC:
            found = (0.0, 0.05, root)
        case Family.SATURATION if ratio:
            found = (0.02 * whole, 0.03, 0.0)
        case Family.SATURATION if not _COUNTED.isdisjoint(words_of(metric)):
            found = (1.0, 0.05, 1.0)
        case Family.KPI:
            found = (0.005 * whole if ratio else 0.0, 0.02, 0.0)
        case _:
            found = (0.0, 0.05, 0.0)
    return found


def _event_spread(unit: str, step_seconds: int) -> tuple[float, float]:
    """Return the spread of a count of events in the unit: (factor of the root, one event)."""
    if unit.lower() in ("1/s", "/s", "rps", "qps", "tps"):
        return float(step_seconds**-0.5), 1.0 / step_seconds
    if unit.lower() in ("1/min", "/min", "rpm"):
        return (60.0 / step_seconds) ** 0.5, 60.0 / step_seconds
    return 1.0, 1.0
