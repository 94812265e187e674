"""Generated series for `aiops bench detect`: any number of them, the same for every run."""

import numpy as np

from aiops.detect.calendar import week_positions
from aiops.domain.series import Direction, Family, Series, SeriesKey
from aiops.domain.ticks import Packed, Times
from workers.bench.installation import SOURCE
from workers.stages.slots import SHARD_SERIES

_SERVICE_SERIES = 10
_NOISE = 0.03
_FAULT = 8.0
_SHAPES = (
    ("latency_p95_seconds", Family.LATENCY, Direction.UP, "s", 0.2),
    ("error_ratio", Family.ERRORS, Direction.UP, "1", 0.004),
    ("requests_per_second", Family.TRAFFIC, Direction.BOTH, "1/s", 120.0),
    ("cpu_usage_ratio", Family.SATURATION, Direction.UP, "1", 0.4),
    ("heap_bytes", Family.OTHER, Direction.UP, "By", 4e8),
)
"""Metric, family, bad direction, unit and usual level."""


class Fleet:
    """The values of one shard's series: daily and weekly seasons with noise on them.

    Every shard has the same seasons, so that a profile fitted on one of them is true of all.

    Args:
        count: series of the shard.
    """

    def __init__(self, count: int) -> None:
        dice = np.random.default_rng(17)
        shares = dice.random((3, SHARD_SERIES), dtype=np.float32)[:, :count]
        usual = np.array([shape[-1] for shape in _SHAPES], dtype=np.float32)
        self._level = usual[np.arange(count) % len(_SHAPES)] * (0.5 + shares[0])
        self._daily = np.where(shares[1] < 0.6, 0.5 * shares[0], 0).astype(np.float32)
        self._weekend = np.where(shares[2] < 0.3, 0.6, 1.0).astype(np.float32)

    def values(self, times: Times, seed: int, faulty: int = 0) -> Packed:
        """Return the values at some times, shape (ticks, series).

        Args:
            times: epoch seconds.
            seed: of the noise; another one for each shard and stretch of time.
            faulty: how many of the first series are far too high.
        """
        dice = np.random.default_rng(seed)
        position = week_positions(times, "UTC")
        wave = np.sin(position * (2 * np.pi / 96)).astype(np.float32)
        values: Packed = self._level * (1 + self._daily * wave[:, None])
        values *= np.where((position >= 5 * 96)[:, None], self._weekend, np.float32(1))
        values *= 1 + _NOISE * dice.standard_normal(values.shape, dtype=np.float32)
        values[:, :faulty] *= _FAULT
        return values


def fleet_series(env: str, first: int, count: int) -> tuple[Series, ...]:
    """Return `count` series from the `first` on, ten to a service."""
    return tuple(_series(env, number) for number in range(first, first + count))


def _series(env: str, number: int) -> Series:
    metric, family, direction, unit, _ = _SHAPES[number % len(_SHAPES)]
    key = SeriesKey(
        service=f"service-{number // _SERVICE_SERIES}",
        metric=metric,
        env=env,
        region=("EU", "US")[number // len(_SHAPES) % 2],
    )
    return Series(key=key, family=family, bad_direction=direction, unit=unit, source=SOURCE)
