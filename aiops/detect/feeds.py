"""Feeds that fall silent, or send far less than they did: telemetry gaps. Pure.

Nobody tells us how often a source should send: that is learned from when it did. All time is
counted in minutes in which our own door was open, as epoch minutes (seconds // 60): what could
not be delivered to us is no silence of theirs.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from statistics import fmean, median
from typing import Final, NamedTuple

from aiops.detect.silence import TELEMETRY
from aiops.domain.feeds import DETECTOR, PER_MINUTE, Feed
from aiops.domain.series import Direction, Family, Series, SeriesKey
from aiops.domain.symptoms import (
    FactKind,
    Origin,
    Symptom,
    SymptomFact,
    SymptomKind,
    SymptomState,
    symptom_id,
)
from aiops.domain.time import utc

PAST_MINUTES: Final = 14 * 24 * 60
"""How far back a feed's longest silence is looked for: two weekends are in it."""

_FORGOTTEN_MINUTES: Final = 24 * 60
"""A feed that was missed for so long is no longer expected."""

_KNOWN_MINUTES, _SPOKEN_MINUTES = 60, 10
"""A feed younger than this, or heard in fewer minutes, is not known well enough to miss it."""

_PATIENCE, _TIMES_LONGEST = 5, 3
"""Silence is missing telemetry after so many minutes, and so many times the longest so far."""

_USUAL_TIMES = 3
"""What happened so often in the past is no exception, and is not missed."""

_WINDOW, _HOUR = 5, 60
_DROPPED, _BACK = 0.2, 0.5
_MANY = 100
"""A feed of fewer records in a window varies too much for a drop to say anything."""

_DAYS_BACK = (24 * 60, 7 * 24 * 60)
_ASIDE = 15
_STRENGTH = 20.0
"""As of a whole source in `aiops.detect.silence`."""

Minutes = Sequence[int]
Heard = Mapping[int, int]


class Tally(NamedTuple):
    """Records of a feed by minute, and the minutes in which our door was open, ascending."""

    heard: Heard
    door: Minutes


def minute_of(at: datetime) -> int:
    """Return the epoch minute of a moment."""
    return int(at.timestamp()) // 60


def stretches(at: datetime) -> tuple[tuple[int, int], ...]:
    """Return the minutes `judge` looks at while a feed is heard: (first, last), inclusive."""
    now = minute_of(at)
    days = ((now - back - _WINDOW - _ASIDE, now - back + _ASIDE) for back in _DAYS_BACK)
    return ((now - _HOUR - 2 * _WINDOW, now), *days)


def is_silent(tally: Tally, at: datetime) -> bool:
    """Return whether nothing came in the last minutes: then `judge` needs all of the past."""
    return not any(tally.heard.get(one) for one in _last(tally.door, minute_of(at)))


def judge(
    feed: Feed, tally: Tally, at: datetime, gap: Symptom | None, origin: Origin = Origin.LIVE
) -> SymptomFact | None:
    """Return what is news of a feed: it is missed, or back, or no longer expected.

    Args:
        feed: which.
        tally: what came, over `stretches`; over all `PAST_MINUTES` where it is silent.
        at: now, aware UTC; the minute that runs does not count.
        gap: the symptom that is open, None where nothing is missing.
        origin: of this installation.

    Examples:
        >>> from datetime import UTC
        >>> noon, feed = datetime(2026, 4, 18, 12, tzinfo=UTC), Feed(source="logs", env="prod")
        >>> now = minute_of(noon)
        >>> heard = {one: 50 for one in range(now - 120, now - 6)}
        >>> fact = judge(feed, Tally(heard, range(now - 120, now)), noon, None)
        >>> fact.kind.value, f"{fact.symptom.onset:%H:%M}", fact.symptom.expected
        ('opened', '11:54', 50.0)
    """
    now, (heard, door) = minute_of(at), tally
    recent = _last(door, now)
    if len(recent) < _WINDOW:
        return None
    rate = fmean(heard.get(one, 0) for one in recent)
    if gap is not None:
        return _ended(gap, tally, rate, at)
    silence = _silence(tally, now)
    if silence is not None:
        return _opened(feed, silence, 0.0, _before(tally, silence), at, origin)
    usual = _usual(tally, now)
    if rate and usual is not None and _has_dropped([heard.get(one, 0) for one in recent], usual):
        return _opened(feed, recent[0], rate, usual, at, origin)
    return None


def _has_dropped(counts: Sequence[int], usual: float) -> bool:
    """Return whether some minutes together are far below the usual, and none of them is near it."""
    is_low = fmean(counts) <= _DROPPED * usual and max(counts) <= _BACK * usual
    return is_low and usual * len(counts) >= _MANY


def _last(door: Minutes, now: int) -> Minutes:
    """Return the last few open minutes before now; fewer where we were away meanwhile."""
    end = bisect_left(door, now)
    return [one for one in door[max(end - _WINDOW, 0) : end] if one >= now - 2 * _WINDOW]


def _silence(tally: Tally, now: int) -> int | None:
    """Return the first minute of a silence that was never so long before, None for none."""
    heard, door = tally
    spoken = sorted(one for one, count in heard.items() if count and one < now)
    if len(spoken) < _SPOKEN_MINUTES:
        return None
    places = [bisect_left(door, one) for one in spoken]
    end = bisect_left(door, now)
    quiet, patience = end - places[-1] - 1, _patience(places)
    is_due = patience <= quiet < patience + _FORGOTTEN_MINUTES
    return spoken[-1] + 1 if is_due and end - places[0] >= _KNOWN_MINUTES else None


def _patience(places: Sequence[int]) -> int:
    """Return how long a feed may be silent, by its silences so far.

    One that was itself too long then teaches nothing: after an outage the next is seen as soon.

    Examples:
        >>> _patience([0, 1, 2, 3]), _patience([0, 5, 10, 15]), _patience([0, 1, 500, 501])
        (5, 12, 5)
    """
    longest, outages = 0, []
    for before, after in pairwise(places):
        silence = after - before - 1
        if silence < max(_PATIENCE, _TIMES_LONGEST * longest):
            longest = max(longest, silence)
        else:
            outages.append(silence)
    if len(outages) >= _USUAL_TIMES:
        longest = max(longest, sorted(outages)[-_USUAL_TIMES])
    return max(_PATIENCE, _TIMES_LONGEST * longest)


def _before(tally: Tally, onset: int) -> float:
    """Return how many records a minute there were in the hour before a silence."""
    heard, door = tally
    end = bisect_left(door, onset)
    hour = door[max(end - _HOUR, 0) : end]
    return fmean(heard.get(one, 0) for one in hour)


def _usual(tally: Tally, now: int) -> float | None:
    """Return how many records a minute there are at least: in the last hour, and on other days.

    What falls every evening is no drop, so the least of them counts.
    """
    heard, door = tally
    end = bisect_left(door, now)
    hour = door[max(end - _HOUR - _WINDOW, 0) : max(end - _WINDOW, 0)]
    if len(hour) < _KNOWN_MINUTES // 2 or hour[0] < now - _HOUR - 2 * _WINDOW:
        return None
    found = [median(heard.get(one, 0) for one in hour)]
    for back in _DAYS_BACK:
        first, last = now - back - _WINDOW - _ASIDE, now - back + _ASIDE
        then = door[bisect_left(door, first) : bisect_right(door, last)]
        if len(then) > _ASIDE:
            found.append(fmean(heard.get(one, 0) for one in then))
    return min(found)


def _opened(  # noqa: PLR0917 - what a symptom of a feed is made of
    feed: Feed, onset: int, rate: float, usual: float, at: datetime, origin: Origin
) -> SymptomFact:
    key = SeriesKey(service=feed.source, metric=TELEMETRY, env=feed.env)
    began = utc(onset * 60)
    symptom = Symptom(
        id=symptom_id(feed.env, DETECTOR, key.fingerprint, began),
        kind=SymptomKind.TELEMETRY_GAP,
        detector=DETECTOR,
        series=Series(
            key=key,
            family=Family.OTHER,
            bad_direction=Direction.DOWN,
            unit=PER_MINUTE,
            title=f"telemetry from {feed.source}",
            source=feed.source,
        ),
        state=SymptomState.ACTIVE,
        onset=began,
        detected_at=at,
        last_seen=at,
        direction=Direction.DOWN,
        strength=_STRENGTH,
        observed=rate,
        expected=usual,
        low=_DROPPED * usual,
        high=usual,
        before=usual,
        compared_with="what it usually sends",
        origin=origin,
    )
    return SymptomFact(kind=FactKind.OPENED, at=at, symptom=symptom)


def _ended(gap: Symptom, tally: Tally, rate: float, at: datetime) -> SymptomFact | None:
    """Return that a feed is back, or is no longer expected; None while it is missed."""
    now, onset, (heard, door) = minute_of(at), minute_of(gap.onset), tally
    if gap.expected * _WINDOW >= _MANY:
        is_back = rate >= _BACK * gap.expected
    else:
        is_back = any(heard.get(one) for one in door if onset <= one < now)
    missed = bisect_left(door, now) - bisect_left(door, minute_of(gap.detected_at))
    is_forgotten = missed >= _FORGOTTEN_MINUTES
    if not (is_back or is_forgotten):
        return None
    over = replace(
        gap,
        state=SymptomState.ENDED,
        last_seen=at,
        ended_at=at,
        new_normal=None if is_back else rate,
    )
    return SymptomFact(kind=FactKind.ENDED, at=at, symptom=over)
