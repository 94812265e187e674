"""Counted feeds → telemetry gaps: who sent of their own accord and does not any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiops.detect.feeds import PAST_MINUTES, Tally, is_silent, judge, minute_of, stretches
from aiops.domain.feeds import DETECTOR, DOOR, Feed
from aiops.domain.symptoms import Symptom, SymptomFact
from workers.outside_symptoms import take_outside
from workers.stages.poll import floor_tick
from workers.wiring import Parts

SETTLED = timedelta(seconds=15)
"""A minute is counted in full so long after its end."""


def find_missing(parts: Parts) -> None:
    """Find the feeds that are missed, and those that are back.

    A minute that is judged twice gives the same facts.
    """
    at = floor_tick(parts.clock.now() - SETTLED, 60)
    known = [one for one in parts.feeds.spans() if one != DOOR]
    found = [_judged(parts, one, at) for one in known]
    news = [one for one in found if one is not None]
    if news:
        take_outside(parts, news)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardFeed:
    """How a feed stands: its last minute, and its records a minute, now and in the last hour."""

    source: str
    env: str
    first: datetime
    last: datetime
    per_minute: float
    per_minute_hour: float
    missed_since: datetime | None


def heard_feeds(parts: Parts) -> tuple[HeardFeed, ...]:
    """Return how every feed stands, by source and environment."""
    now = minute_of(parts.clock.now())
    found = []
    for feed, (first, last) in parts.feeds.spans().items():
        if feed == DOOR:
            continue
        gap, hour = gap_of(parts, feed), parts.feeds.minutes(feed, [(now - 60, now - 1)])
        recent = sum(count for one, count in hour.items() if one >= now - 5)
        found.append(
            HeardFeed(
                source=feed.source,
                env=feed.env,
                first=first,
                last=last,
                per_minute=recent / 5,
                per_minute_hour=sum(hour.values()) / 60,
                missed_since=gap.onset if gap else None,
            )
        )
    return tuple(found)


def gap_of(parts: Parts, feed: Feed) -> Symptom | None:
    """Return the symptom that says a feed is missed, None where none is open."""
    going_on = parts.symptoms.open_symptoms(feed.env, service=feed.source)
    return next((one for one in going_on if one.detector == DETECTOR), None)


def _judged(parts: Parts, feed: Feed, at: datetime) -> SymptomFact | None:
    now, gap = minute_of(at), gap_of(parts, feed)
    if gap is not None:
        tally = _tally(parts, feed, [(minute_of(gap.onset), now)])
    else:
        tally = _tally(parts, feed, stretches(at))
        if is_silent(tally, at):
            tally = _tally(parts, feed, [(now - PAST_MINUTES, now)])
    return judge(feed, tally, at, gap, parts.settings.origin)


def _tally(parts: Parts, feed: Feed, within: Sequence[tuple[int, int]]) -> Tally:
    return Tally(parts.feeds.minutes(feed, within), list(parts.feeds.minutes(DOOR, within)))
