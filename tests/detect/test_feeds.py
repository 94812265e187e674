"""Feeds that fall silent, or send far less than they did."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.detect.feeds import Tally, judge, minute_of, stretches
from aiops.domain.feeds import Feed
from aiops.domain.symptoms import FactKind, Symptom, SymptomKind, SymptomState

LOGS = Feed(source="otlp_logs", env="prod")
NOON = datetime(2026, 4, 18, 12, tzinfo=UTC)
NOW = minute_of(NOON)
HOURS = range(NOW - 180, NOW)


def every(minutes: int, *, until: int = 0, count: int = 50) -> dict[int, int]:
    """Return a feed that is heard every few minutes, until so many minutes ago."""
    return dict.fromkeys(range(HOURS.start, NOW - until, minutes), count)


def opened(heard: dict[int, int], door: range = HOURS) -> Symptom | None:
    fact = judge(LOGS, Tally(heard, door), NOON, None)
    assert fact is None or fact.kind is FactKind.OPENED
    return fact.symptom if fact else None


def test_a_feed_of_every_minute_is_missed_after_five() -> None:
    assert opened(every(1, until=4)) is None
    gap = opened(every(1, until=5))
    assert gap is not None
    assert (gap.kind, gap.service) == (SymptomKind.TELEMETRY_GAP, "otlp_logs")
    assert gap.onset == NOON - timedelta(minutes=5)
    assert (gap.observed, gap.expected) == (0.0, 50.0)
    assert gap.is_source_gap


@pytest.mark.parametrize(("silent", "missed"), [(9, False), (19, False), (29, True)])
def test_a_feed_that_pauses_is_missed_after_three_of_its_pauses(
    silent: int, *, missed: bool
) -> None:
    assert (opened(every(10, until=silent)) is not None) is missed


def test_an_outage_teaches_no_patience_but_what_happens_again_and_again_does() -> None:
    heard = every(1, until=6)
    once = {one: count for one, count in heard.items() if not NOW - 100 <= one < NOW - 80}
    assert opened(once) is not None
    often = {one: count for one, count in heard.items() if one % 30 >= 10}
    assert opened(often) is None


def test_time_in_which_our_own_door_was_shut_is_no_silence_of_theirs() -> None:
    assert opened(every(1, until=30), range(HOURS.start, NOW - 29)) is None
    away = [one for one in HOURS if not NOW - 40 <= one < NOW - 3]
    heard = {one: 50 for one in away if one < NOW - 40}
    assert judge(LOGS, Tally(heard, away), NOON, None) is None


def test_a_feed_that_is_hardly_known_is_not_missed() -> None:
    young = dict.fromkeys(range(NOW - 50, NOW - 10), 50)
    assert opened(young) is None
    rare = dict.fromkeys((NOW - 170, NOW - 150, NOW - 100), 50)
    assert opened(rare) is None


def test_a_feed_that_sends_a_tenth_of_its_usual_amount_is_missed() -> None:
    heard = every(1)
    heard |= dict.fromkeys(range(NOW - 5, NOW), 5)
    gap = opened(heard)
    assert gap is not None
    assert (gap.observed, gap.expected) == (5.0, 50.0)
    assert gap.onset == NOON - timedelta(minutes=5)


def test_half_of_it_or_few_records_say_nothing() -> None:
    assert opened(every(1) | dict.fromkeys(range(NOW - 5, NOW), 20)) is None
    assert opened(every(1, count=10) | dict.fromkeys(range(NOW - 5, NOW), 1)) is None


def test_what_falls_every_day_at_this_time_is_no_drop() -> None:
    yesterday = range(NOW - 24 * 60 - 30, NOW - 24 * 60 + 30)
    door = [*yesterday, *HOURS]
    heard = every(1) | dict.fromkeys(range(NOW - 5, NOW), 5) | dict.fromkeys(yesterday, 6)
    assert judge(LOGS, Tally(heard, door), NOON, None) is None
    assert judge(LOGS, Tally(heard | dict.fromkeys(yesterday, 50), door), NOON, None) is not None


def missed(*, expected: float = 50.0, minutes: int = 30) -> Symptom:
    fact = judge(LOGS, Tally(every(1, until=5), HOURS), NOON, None)
    assert fact is not None
    since = NOON - timedelta(minutes=minutes)
    return replace(fact.symptom, onset=since, detected_at=since, expected=expected)


def test_a_feed_is_back_when_half_of_what_was_usual_comes_again() -> None:
    trickle = dict.fromkeys(range(NOW - 5, NOW), 20)
    assert judge(LOGS, Tally(trickle, HOURS), NOON, missed()) is None
    back = judge(LOGS, Tally(dict.fromkeys(range(NOW - 5, NOW), 30), HOURS), NOON, missed())
    assert back is not None
    assert (back.kind, back.symptom.state) == (FactKind.ENDED, SymptomState.ENDED)
    assert back.symptom.new_normal is None


def test_a_feed_of_few_records_is_back_with_the_first() -> None:
    back = judge(LOGS, Tally({NOW - 3: 1}, HOURS), NOON, missed(expected=0.5))
    assert back is not None
    assert judge(LOGS, Tally({NOW - 31: 1}, HOURS), NOON, missed(expected=0.5)) is None


def test_after_a_day_it_is_no_longer_expected_and_not_missed_again() -> None:
    door = range(NOW - 3000, NOW)
    gap = missed(minutes=24 * 60)
    over = judge(LOGS, Tally({}, door), NOON, gap)
    assert over is not None
    assert over.symptom.new_normal == 0.0
    heard = dict.fromkeys(range(NOW - 3000, NOW - 24 * 60 - 5), 50)
    assert judge(LOGS, Tally(heard, door), NOON, None) is None


@given(st.sets(st.integers(HOURS.start, NOW - 1)), st.integers(1, 100))
def test_what_is_heard_now_is_never_silent(minutes: set[int], count: int) -> None:
    heard = dict.fromkeys(minutes | {NOW - 1}, count)
    gap = opened(heard)
    assert gap is None or gap.observed > 0


def test_an_hour_a_day_ago_and_a_week_ago_are_looked_at() -> None:
    (hour, day, week) = stretches(NOON)
    assert hour == (NOW - 70, NOW)
    assert day[0] < NOW - 1440 - 5 < NOW - 1440 < day[1]
    assert week[0] < NOW - 7 * 1440 < week[1]
