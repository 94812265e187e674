"""The past of an installation: fetched once, before its first live tick."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
from redis.exceptions import RedisError

from aiops.domain.errors import SourceError
from aiops.settings import MetricSourceSettings
from workers.stages.poll import LEASE_SECONDS
from workers.wiring import Parts

PATIENCE_SECONDS = 1.5 * LEASE_SECONDS
"""How long the start waits for a source that a killed process was polling."""

FIT_PATIENCE_SECONDS = 120.0
"""How long the start waits for the first fits, which run in the slow worker."""

_LOOK_SECONDS = 0.2
_AT_ONCE = 500


def fetch_past(parts: Parts, say: Callable[[str], None]) -> None:
    """Back-fill every source that has no history yet, and ask for the first fits.

    One that does not answer is said, and begins young: beat asks for its past again and again.
    """
    for source in parts.settings.sources:
        if not source.back_fill_days or has_past(parts, source):
            continue
        say(f"{source.name}: fetching {source.back_fill_days:g} days of history …")
        try:
            why_not = _fetch_when_free(parts, source)
        except SourceError as error:
            say(f"{source.name}: {error}")
            say(f"{source.name}: no history for now; it is fetched when the source answers")
        else:
            told = f"{why_not}; no history for now" if why_not else _reach(parts, source)
            say(f"{source.name}: {told}")
    parts.fit.due()


def await_fits(parts: Parts, say: Callable[[str], None]) -> None:
    """Wait until what was fetched is learnt, or long enough: else the first ticks look young."""
    if not parts.fit.is_learning():
        return
    say("learning what is usual …")
    deadline = time.monotonic() + FIT_PATIENCE_SECONDS
    while parts.fit.is_learning():
        if time.monotonic() > deadline:
            say("not all of it is learnt yet; what is not begins young")
            return
        time.sleep(_LOOK_SECONDS)


def fetch_missing(parts: Parts, source: str) -> None:
    """Back-fill one source if it has no history yet, and ask for its fits.

    Raises:
        SourceError: it does not answer.
    """
    for one in parts.settings.sources:
        if one.name == source and not has_past(parts, one) and _fetch(parts, one):
            parts.fit.due()


def has_past(parts: Parts, source: MetricSourceSettings) -> bool:
    """Return whether every shard reaches back to the beginning; that is fetched last."""
    oldest = parts.clock.now() - timedelta(
        days=source.back_fill_days, seconds=-2 * source.back_fill_step_seconds
    )
    extents = [parts.extents.of_shard(shard) for shard in parts.extents.shard_ids(source.name)]
    return bool(extents) and all(one is not None and one[0] <= oldest for one in extents)


def _fetch_when_free(parts: Parts, source: MetricSourceSettings) -> str:
    """Fetch a past once nobody polls the source; return why it could not be, empty where it was.

    A killed poller holds it for a while, and a Redis that died comes back.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if _fetch(parts, source) is not None:
                return ""
            why_not = "it is polled elsewhere"
        except RedisError as error:
            why_not = f"Redis does not answer ({error})"
        if time.monotonic() > deadline:
            return why_not
        time.sleep(_LOOK_SECONDS)


def _fetch(parts: Parts, source: MetricSourceSettings) -> int | None:
    span = timedelta(days=source.back_fill_days)
    return parts.poll.back_fill(source.name, span, source.back_fill_step_seconds)


def _reach(parts: Parts, source: MetricSourceSettings) -> str:
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
