"""The past of an installation: fetched once, before its first live tick."""

from collections.abc import Callable
from datetime import timedelta

from aiops.domain.errors import SourceError
from workers.wiring import Parts


def fetch_past(parts: Parts, say: Callable[[str], None]) -> None:
    """Back-fill every source that has no history yet, and ask for the first fits.

    A source that does not answer is named and left for later: its series begin young.
    """
    for source in parts.settings.sources:
        if parts.extents.newest_tick(source.name) is not None:
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
