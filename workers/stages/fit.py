"""History → profile: fit a shard when its history has grown enough; in the slow worker."""

from datetime import datetime, timedelta

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
from workers.stages.masks import Masks

FIT_SPAN = timedelta(days=28)
"""History a fit looks at: four weeks hold every weekly season four times."""


class Fit:
    """Fits profiles; they are immutable and versioned, detection picks the newest up."""

    def __init__(
        self,
        *,
        history: HistoryStore,
        extents: Extents,
        masks: Masks,
        queue: Queue,
        policy: DetectPolicy,
        telemetry: Telemetry,
    ) -> None:
        self._history = history
        self._extents = extents
        self._masks = masks
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

    def is_learning(self) -> bool:
        """Return whether a shard has history enough for its first profile, and none yet."""
        return any(
            self._extents.fitted_at(shard_id) is None and self._is_due(shard_id, step_seconds)
            for shard_id, step_seconds in self._extents.steps().items()
        )

    def run(self, shard_id: str) -> None:
        """Fit one shard on its history and store the profile as a new version.

        Without effect where another task did it meanwhile: fits take longer than the interval at
        which they are asked for.
        """
        extent = self._extents.of_shard(shard_id)
        if extent is None:
            return
        shard = self._history.shard(shard_id)
        last = self._known_until(shard, extent[1])
        if not self._is_due(shard_id, shard.step_seconds, last) and self._is_readable(shard):
            return
        history = self._history.history_in_parts(shard_id, last - FIT_SPAN, last)
        masked = self._masks.of(shard, self._policy, last, FIT_SPAN)
        profile = engine.fit(shard, history, self._policy, masked=masked)
        self._history.save_profile(shard_id, profile.to_bytes(), fitted_at=last)
        self._telemetry.fitted(shard)

    def _known_until(self, shard: Shard, last: datetime) -> datetime:
        """Return the tick to fit up to: at first the last one, then the last that is correlated.

        Of ticks after a downtime nobody knows yet in which of them an incident was real.
        """
        known = self._masks.known_until(shard)
        if known is None or self._extents.fitted_at(shard.id) is None:
            return last
        return min(known, last)

    def _is_due(self, shard_id: str, step_seconds: int, last: datetime | None = None) -> bool:
        extent = self._extents.of_shard(shard_id)
        if extent is None:
            return False
        first, newest = extent
        return (last or newest) >= next_fit_at(
            first, self._extents.fitted_at(shard_id), step_seconds
        )

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
