"""Which series sits where: samples of a source put into the vectors of its shards."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aiops.domain.pulled import Sample, SampleTable
from aiops.domain.series import Series
from aiops.domain.ticks import Floats, Packed, Shard
from aiops.store.extents import Extents
from aiops.store.signals import HistoryStore

SHARD_SERIES = 10_000
"""Series of one shard. Scoring a series in one of 10,000 takes 0.6 of the CPU that it takes in one
of 5,000, and 0.2 of that in one of 1,250; a fit takes 60 MB for every thousand."""


_Places = npt.NDArray[np.intp]


class Slots:
    """The shards of one source; they are read once and grow as new series are seen.

    Only one process at a time uses it, under the source's lease; what another process added
    meanwhile is found when a series is not known here.
    """

    def __init__(
        self, source: str, step_seconds: int, history: HistoryStore, extents: Extents
    ) -> None:
        self._source = source
        self._step_seconds = step_seconds
        self._history = history
        self._extents = extents
        self._shards: dict[str, Shard] = {}
        self._places: dict[str, tuple[str, int]] = {}
        self._filled: _Fillings | None = None

    def hold(self, samples: Sequence[Sample]) -> list[Shard]:
        """Return every shard, once there is a slot for each of the samples."""
        self._know(_series_of(samples))
        return [shard for _, shard in sorted(self._shards.items())]

    @property
    def count(self) -> int:
        """How many series are known."""
        return len(self._places)

    def fill(self, samples: Sequence[Sample], count: int) -> Iterator[tuple[Shard, Packed]]:
        """Yield every shard with its values, shape (count, series); NaN where there is none."""
        series = _series_of(samples)
        if self._filled is None or self._filled.series != series:
            self._know(series)
            self._filled = self._fillings(series)
        by_shard = self._filled.by_shard
        for name, shard in sorted(self._shards.items()):
            values = np.full((count, len(shard.series)), np.nan, dtype=np.float32)
            if name in by_shard:
                rows, slots = by_shard[name]
                values[:, slots] = _values_of(samples, rows).T
            yield shard, values

    def _fillings(self, series: tuple[Series, ...]) -> "_Fillings":
        by_shard: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for row, one in enumerate(series):
            name, slot = self._places[one.key.fingerprint]
            rows, slots = by_shard[name]
            rows.append(row)
            slots.append(slot)
        arrays = {
            name: (np.array(rows), np.array(slots)) for name, (rows, slots) in by_shard.items()
        }
        return _Fillings(series, arrays)

    def _know(self, series: Sequence[Series]) -> None:
        """Find a slot for every series: in memory, else in the store, else a new one."""
        if not self._shards or self._fresh(series):
            self._read()
        by_env: dict[str, list[Series]] = defaultdict(list)
        for one in sorted(self._fresh(series), key=lambda one: one.key.fingerprint):
            by_env[one.key.env].append(one)
        for env, fresh in sorted(by_env.items()):
            self._add(env, fresh)

    def _fresh(self, series: Sequence[Series]) -> list[Series]:
        return [one for one in series if one.key.fingerprint not in self._places]

    def _read(self) -> None:
        for name in self._extents.shard_ids(self._source):
            self._keep(self._history.shard(name))

    def _keep(self, shard: Shard) -> None:
        self._shards[shard.id] = shard
        for slot, one in enumerate(shard.series):
            self._places[one.key.fingerprint] = (shard.id, slot)

    def _add(self, env: str, fresh: list[Series]) -> None:
        """Give new series slots in the environment's last shard, and in further ones."""
        number = sum(shard.env == env for shard in self._shards.values())
        while fresh:
            name = f"{self._source}.{env}.{max(number - 1, 0)}"
            room = SHARD_SERIES - len(self._shards[name].series) if name in self._shards else 0
            if room <= 0:
                name, room = f"{self._source}.{env}.{number}", SHARD_SERIES
                number += 1
            self._keep(
                self._history.add_series(name, env, self._source, self._step_seconds, fresh[:room])
            )
            fresh = fresh[room:]


class _Fillings(NamedTuple):
    """Where the samples of some series go, in that order: the next ones are mostly of the same.

    Args:
        series: of the samples.
        by_shard: the places of the samples and their slots, by shard.
    """

    series: tuple[Series, ...]
    by_shard: Mapping[str, tuple[_Places, _Places]]


def _series_of(samples: Sequence[Sample]) -> tuple[Series, ...]:
    if isinstance(samples, SampleTable):
        return samples.series
    return tuple(sample.series for sample in samples)


def _values_of(samples: Sequence[Sample], rows: _Places) -> Floats:
    """Return the values of some samples, shape (samples, instants)."""
    if isinstance(samples, SampleTable):
        return samples.values[rows]
    return np.stack([samples[row].values for row in rows])
