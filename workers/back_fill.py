"""The past of an installation: fetched once, before its first live tick."""

from collections.abc import Callable
from datetime import timedelta

from aiops.domain.errors import SourceError
from workers.wiring import Parts


def fetch_past(parts: Parts, say: Callable[[str], None]) -> None:
    """Back-fill every source that has no history yet, and ask for the first fits.

    A source that does not answer is named and left for later: its series begin young. One whose
    back-fill was killed half-way is fetched again.
    """
    for source in parts.settings.sources:
        if _has_past(parts, source.name):
            continue
        say(f"{source.name}: fetching {source.back_fill_days:g} days of history")
        span = timedelta(days=source.back_fill_days)
        try:
            ticks = parts.poll.back_fill(source.name, span, source.back_fill_step_seconds)
        except SourceError as error:
            say(f"{source.name}: no history for now: {error}")
            continue
        say(f"{source.name}: {ticks} ticks")
    parts.fit.due()


def _has_past(parts: Parts, source: str) -> bool:
    """Return whether detection has begun on every shard: a back-fill sets their cursors last.

    Ticks alone prove nothing: left by a back-fill that was killed, they would be scored as if
    they were new.
    """
    shards = parts.extents.shard_ids(source)
    return bool(shards) and all(
        parts.history.load_state(shard).cursor is not None for shard in shards
    )
