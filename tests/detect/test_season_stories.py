"""A week as people see it: what they would call for is found, what they know is not; and why.

Thursday to Monday after four weeks of the same shop, at five minutes. Friday is a holiday: the
shop is as empty as on a Sunday. On Sunday at 07:00 UTC the clocks of New York go forward.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from aiops.detect.traits import Bools
from aiops.domain.series import Direction, Series
from aiops.domain.symptoms import FactKind, SymptomFact
from aiops.domain.ticks import Times
from aiops.domain.time import utc
from tests.detect.made import (
    DAY,
    MONDAY,
    POLICY,
    Grid,
    Run,
    day_curve,
    history_of,
    series_of,
    shard_of,
    times_of,
    week_curve,
)

STEP = 300
START = MONDAY + 3 * DAY
PAST = times_of(28, STEP, START - 28 * DAY)
NEXT = times_of(4.25, STEP, START)
THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(4)
HOLIDAY = date(2026, 3, 6)
NEW_YORK = "America/New_York"
CLOCKS_CHANGE = int(datetime(2026, 3, 8, 7, tzinfo=UTC).timestamp())


@dataclass(frozen=True, kw_only=True)
class Story:
    """A series and what happens to it in the week that is judged."""

    series: Series
    level: float = 1.0
    curve: Callable[[Times, str], Grid] = field(default_factory=lambda: shop_curve)
    happens: Callable[[Grid], None] = lambda values: None


def shop_curve(times: Times, zone: str) -> Grid:
    """Return busy days, calmer weekends and holidays, all of them by the local clock."""
    local = times
    if zone == NEW_YORK:
        local = times + np.where(times < CLOCKS_CHANGE, -5, -4) * 3600
    return np.where(is_holiday(local), 0.4 * day_curve(local), week_curve(local))


def office_curve(times: Times, _zone: str) -> Grid:
    """Return business hours: 9 to 17 on working days, and next to nothing else."""
    works = ((times - MONDAY) // DAY) % 7 < 5
    at_work = works & (times % DAY >= 9 * 3600) & (times % DAY < 17 * 3600)
    return np.where(at_work & ~is_holiday(times), 1.0, 0.02)


def is_holiday(times: Times) -> Bools:
    return np.asarray(times // DAY == HOLIDAY.toordinal() - date(1970, 1, 1).toordinal())


def at_hour(day: int, hour: float, hours: float) -> slice:
    first = int((day * 24 + hour) * 3600 / STEP)
    return slice(first, first + int(hours * 3600 / STEP))


def moment(day: int, hour: float) -> datetime:
    return utc(int(NEXT[at_hour(day, hour, 1)][0]))


def afternoon_at_night(values: Grid) -> None:
    values[at_hour(SATURDAY, 2, 0.5)] = 2.5


def monday_on_sunday(values: Grid) -> None:
    noon = at_hour(SUNDAY, 12, 1)
    values[noon] = day_curve(NEXT)[noon]


def no_morning(values: Grid) -> None:
    values[at_hour(THURSDAY, 8, 2)] = values[at_hour(THURSDAY, 4, 2)]


def works_on_the_holiday(values: Grid) -> None:
    values[at_hour(FRIDAY, 11, 1)] *= 2.5


def slow_after_the_clock_change(values: Grid) -> None:
    values[at_hour(SUNDAY, 13, 0.5)] *= 3


def grows(values: Grid) -> None:
    values *= np.linspace(1, 1.4, len(values))


def works_at_night(values: Grid) -> None:
    values[at_hour(SATURDAY, 3, 1)] = 800


def opens_late(values: Grid) -> None:
    values[at_hour(THURSDAY, 9, 2)] = values[at_hour(THURSDAY, 5, 2)]


def doubles_for_good(values: Grid) -> None:
    values[at_hour(SATURDAY, 9, 100)] *= 2


def latency(story: str, zone: str = "UTC") -> Series:
    return series_of("latency_p95", story, unit="s", zone=zone)


def requests(story: str) -> Series:
    return series_of("requests", story, unit="1/s")


STORIES = (
    Story(series=latency("quiet")),
    Story(series=requests("holiday"), level=1000),
    Story(series=latency("clock change", NEW_YORK)),
    Story(series=latency("slow growth"), happens=grows),
    Story(series=latency("afternoon at night"), happens=afternoon_at_night),
    Story(series=latency("monday on sunday"), happens=monday_on_sunday),
    Story(series=requests("no morning"), level=1000, happens=no_morning),
    Story(series=latency("works on the holiday"), happens=works_on_the_holiday),
    Story(series=latency("slow abroad", NEW_YORK), happens=slow_after_the_clock_change),
    Story(series=requests("business hours"), level=1000, curve=office_curve),
    Story(series=requests("work at night"), level=1000, curve=office_curve, happens=works_at_night),
    Story(series=requests("late opening"), level=1000, curve=office_curve, happens=opens_late),
    Story(series=latency("level shift"), happens=doubles_for_good),
)


@pytest.fixture(scope="module")
def week() -> Run:
    """All stories side by side under one engine, run once."""
    rng = np.random.default_rng(8)

    def noisy(story: Story, times: Times) -> Grid:
        curve = story.level * story.curve(times, story.series.zone)
        return curve * (1 + 0.04 * rng.standard_normal(len(times)))

    past = [noisy(story, PAST) for story in STORIES]
    following = [noisy(story, NEXT) for story in STORIES]
    for story, values in zip(STORIES, following, strict=True):
        story.happens(values)
    policy = replace(POLICY, holidays=frozenset({HOLIDAY}))
    shard = shard_of([story.series for story in STORIES], STEP)
    run = Run(shard, history_of(PAST, *past), policy=policy)
    run.feed_all(history_of(NEXT, *following))
    return run


def of(run: Run, story: str) -> list[SymptomFact]:
    return [
        fact
        for fact in run.facts
        if fact.symptom.service == story and fact.symptom.detector == "seasonal"
    ]


def found(run: Run, story: str) -> SymptomFact:
    """Return the one opening of a story, with a band that explains it."""
    (fact,) = (fact for fact in of(run, story) if fact.kind is FactKind.OPENED)
    symptom = fact.symptom
    assert symptom.low < symptom.expected < symptom.high
    assert not symptom.low <= symptom.observed <= symptom.high
    assert not symptom.young
    return fact


@pytest.mark.parametrize(
    "story", ["quiet", "holiday", "clock change", "slow growth", "business hours"]
)
def test_what_people_know_of_is_no_symptom(week: Run, story: str) -> None:
    assert of(week, story) == []


def test_a_daytime_value_at_night_is_found(week: Run) -> None:
    fact = found(week, "afternoon at night")

    assert fact.symptom.onset == moment(SATURDAY, 2)
    assert fact.at - fact.symptom.onset <= timedelta(seconds=STEP)
    assert fact.symptom.direction is Direction.UP
    assert fact.symptom.compared_with == "Saturdays 02:00-02:15 of the last 4 weeks"


def test_mondays_level_on_a_sunday_is_found(week: Run) -> None:
    symptom = found(week, "monday on sunday").symptom

    assert symptom.onset == moment(SUNDAY, 12)
    assert symptom.compared_with == "Sundays 12:00-12:15 of the last 4 weeks"


def test_it_says_how_unusual_a_change_is_among_the_hours_before(week: Run) -> None:
    symptom = found(week, "afternoon at night").symptom
    words = r"a change of (\d+) times the usual, as in fewer than 1 of (\d+) of its hours"
    told = re.fullmatch(words, symptom.unusual)

    assert told is not None
    assert int(told[1]) > 10
    assert 44 <= int(told[2]) <= 50  # since Thursday, 00:00
    later = [fact.symptom.unusual for fact in of(week, "afternoon at night")]
    changes = [int(one.removeprefix("a change of ").split()[0]) for one in later]
    assert changes == sorted(changes), "it tells of the largest change so far"


def test_a_past_of_hours_is_too_short_to_say_so(week: Run) -> None:
    assert found(week, "no morning").symptom.unusual.endswith("too few to say how unusual")


def test_a_missing_morning_is_found_while_it_is_missing(week: Run) -> None:
    symptom = found(week, "no morning").symptom

    assert symptom.direction is Direction.DOWN
    assert moment(THURSDAY, 8) <= symptom.onset < moment(THURSDAY, 9)
    assert symptom.compared_with.startswith("Thursdays 08:")


def test_a_working_day_on_a_holiday_is_compared_with_sundays(week: Run) -> None:
    symptom = found(week, "works on the holiday").symptom

    assert symptom.onset == moment(FRIDAY, 11)
    assert symptom.compared_with == "Sundays 11:00-11:15 of the last 4 weeks"


def test_work_outside_of_business_hours_is_found(week: Run) -> None:
    symptom = found(week, "work at night").symptom

    assert symptom.onset == moment(SATURDAY, 3)
    assert symptom.direction is Direction.UP
    assert symptom.compared_with == "Saturdays 03:00-03:15 of the last 4 weeks"


def test_an_office_that_does_not_open_is_found(week: Run) -> None:
    symptom = found(week, "late opening").symptom

    assert moment(THURSDAY, 9) <= symptom.onset < moment(THURSDAY, 9.5)
    assert symptom.direction is Direction.DOWN
    assert symptom.compared_with.startswith("Thursdays 09:")


def test_after_a_clock_change_the_local_hour_is_what_counts(week: Run) -> None:
    symptom = found(week, "slow abroad").symptom

    assert symptom.onset == moment(SUNDAY, 13)
    assert symptom.compared_with == f"Sundays 09:00-09:15 ({NEW_YORK}) of the last 4 weeks"


def test_a_level_shift_is_found_once_and_after_a_day_the_new_normal(week: Run) -> None:
    symptom = found(week, "level shift").symptom
    last = of(week, "level shift")[-1]

    assert symptom.onset == moment(SATURDAY, 9)
    assert symptom.compared_with == "Saturdays 09:00-09:15 of the last 4 weeks"
    assert last.kind is FactKind.ENDED
    assert last.at - symptom.onset == timedelta(days=1)
    nine = shop_curve(NEXT, "UTC")[at_hour(SUNDAY, 9, 1)][0]
    assert last.symptom.new_normal == pytest.approx(2 * nine, rel=0.1)


def test_what_came_back_is_no_new_normal(week: Run) -> None:
    last = of(week, "afternoon at night")[-1]

    assert last.kind is FactKind.ENDED
    assert last.symptom.new_normal is None
