"""The past of an installation: fetched once, before its first live tick."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import numpy as np

from aiops.domain.errors import SourceError
from aiops.settings import PrometheusSettings
from workers.wiring import Parts

_AT_ONCE = 500


def fetch_past(parts: Parts, say: Callable[[str], None]) -> tuple[str, ...]:
    """Back-fill every source that has no history yet, and ask for the first fits.

    A source whose back-fill was killed half-way is fetched again.

    Returns:
        The sources that did not answer: their series begin young, `fetch` them when they do.
    """
    names = [one.name for one in parts.settings.sources if not _has_past(parts, one.name)]
    return fetch(parts, names, say)


def fetch(parts: Parts, names: Sequence[str], say: Callable[[str], None]) -> tuple[str, ...]:
    """Back-fill the named sources, ask for fits, and return those that did not answer."""
    failed = []
    for source in parts.settings.sources:
        if source.name not in names:
            continue
        say(f"{source.name}: fetching {source.back_fill_days:g} days of history …")
        span = timedelta(days=source.back_fill_days)
        try:
            parts.poll.back_fill(source.name, span, source.back_fill_step_seconds)
        except SourceError as error:
            failed.append(source.name)
            say(f"{source.name}: {error}")
            say(f"{source.name}: no history for now; it is fetched when the source answers")
        else:
            say(f"{source.name}: {_reach(parts, source)}")
    parts.fit.due()
    return tuple(failed)


def _has_past(parts: Parts, source: str) -> bool:
    """Return whether every shard has its ticks up to its cursor.

    A back-fill sets the cursors to its end first: one that was killed leaves them ahead of the
    ticks, which nothing else does.
    """
    shards = parts.extents.shard_ids(source)
    return bool(shards) and all(_is_filled(parts, shard) for shard in shards)


def _is_filled(parts: Parts, shard: str) -> bool:
    cursor, extent = parts.history.load_state(shard).cursor, parts.extents.of_shard(shard)
    return cursor is not None and extent is not None and cursor <= extent[1]


def _reach(parts: Parts, source: PrometheusSettings) -> str:
    """Say how many series there are and how far back they go."""
    shards = [parts.history.shard(shard) for shard in parts.extents.shard_ids(source.name)]
    count = sum(len(shard.series) for shard in shards)
    first = min((at for shard in shards if (at := _first_value(parts, shard.id))), default=None)
    if first is None:
        return "it has no values of the declared signals; `aiops doctor` says more"
    reach = parts.clock.now() - first
    young = (
        ""
        if reach >= timedelta(days=1)
        else "; below a day series are young: they never page alone"
    )
    return f"{count} series, the oldest value is from {first:%Y-%m-%d %H:%M} UTC{young}"


def _first_value(parts: Parts, shard: str) -> datetime | None:
    """Return the first tick of a shard that has a value."""
    after: datetime | None = None
    while ticks := parts.history.ticks_after(shard, after, _AT_ONCE):
        for tick in ticks:
            if np.isfinite(tick.values).any():
                return tick.at
        after = ticks[-1].at
    return None
