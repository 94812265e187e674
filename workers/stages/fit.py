"""History → profile: fit a shard when its history has grown enough; in the slow worker."""

from datetime import timedelta

from aiops.backtest import next_fit_at
from aiops.detect import engine
from aiops.detect.engine import ShardProfile
from aiops.domain.errors import StateFormatError
from aiops.domain.policies import DetectPolicy
from aiops.domain.ticks import Shard
from aiops.ports import Queue
from aiops.store.extents import Extents
from aiops.store.signals import HistoryStore
from aiops.telemetry import Telemetry

FIT_SPAN = timedelta(days=28)
"""History a fit looks at: four weeks hold every weekly season four times."""


class Fit:
    """Fits profiles; they are immutable and versioned, detection picks the newest up."""

    def __init__(
        self,
        *,
        history: HistoryStore,
        extents: Extents,
        queue: Queue,
        policy: DetectPolicy,
        telemetry: Telemetry,
    ) -> None:
        self._history = history
        self._extents = extents
        self._queue = queue
        self._policy = policy
        self._telemetry = telemetry

    def due(self) -> None:
        """Enqueue a fit for every shard whose history has grown enough since its last one."""
        for shard_id, step_seconds in self._extents.steps().items():
            if self._is_due(shard_id, step_seconds):
                self._queue.enqueue("fit.shard", shard_id)

    def all_fitted(self) -> bool:
        """Return whether every shard has a profile."""
        shards = self._extents.shard_ids()
        return bool(shards) and all(self._extents.fitted_at(one) for one in shards)

    def run(self, shard_id: str) -> None:
        """Fit one shard on its history and store the profile as a new version.

        Without effect where another task did it meanwhile: fits take longer than the interval at
        which they are asked for.
        """
        extent = self._extents.of_shard(shard_id)
        if extent is None:
            return
        shard = self._history.shard(shard_id)
        if not self._is_due(shard_id, shard.step_seconds) and self._is_readable(shard):
            return
        _, last = extent
        history = self._history.history(shard_id, last - FIT_SPAN, last)
        profile = engine.fit(shard, history, self._policy)
        self._history.save_profile(shard_id, profile.to_bytes(), fitted_at=last)
        self._telemetry.fitted(shard)

    def _is_due(self, shard_id: str, step_seconds: int) -> bool:
        extent = self._extents.of_shard(shard_id)
        if extent is None:
            return False
        first, last = extent
        return last >= next_fit_at(first, self._extents.fitted_at(shard_id), step_seconds)

    def _is_readable(self, shard: Shard) -> bool:
        """Return whether there is a profile of a form this release knows."""
        stored = self._history.load_profile(shard.id)
        if stored is None:
            return False
        try:
            ShardProfile.from_bytes(stored[1], shard)
        except StateFormatError:
            return False
        return True
