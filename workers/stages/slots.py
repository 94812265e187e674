"""Which series sits where: samples of a source put into the vectors of its shards."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from aiops.domain.series import Series
from aiops.domain.ticks import Packed, Shard
from aiops.ports import Sample
from aiops.store.extents import Extents
from aiops.store.signals import HistoryStore

SHARD_SERIES = 10_000
"""Series of one shard. Scoring a series in one of 10,000 takes 0.6 of the CPU that it takes in one
of 5,000, and 0.2 of that in one of 1,250; a fit takes 60 MB for every thousand."""


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

    def hold(self, samples: Sequence[Sample]) -> list[Shard]:
        """Return every shard, once there is a slot for each of the samples."""
        self._know([sample.series for sample in samples])
        return [shard for _, shard in sorted(self._shards.items())]

    @property
    def count(self) -> int:
        """How many series are known."""
        return len(self._places)

    def fill(self, samples: Sequence[Sample], count: int) -> Iterator[tuple[Shard, Packed]]:
        """Yield every shard with its values, shape (count, series); NaN where there is none."""
        shards = self.hold(samples)
        measured: dict[str, list[tuple[int, Sample]]] = defaultdict(list)
        for sample in samples:
            name, slot = self._places[sample.series.key.fingerprint]
            measured[name].append((slot, sample))
        for shard in shards:
            values = np.full((count, len(shard.series)), np.nan, dtype=np.float32)
            for slot, sample in measured[shard.id]:
                values[:, slot] = sample.values
            yield shard, values

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
