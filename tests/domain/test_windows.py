"""Windows of the week: when they begin and end, across midnight and summer time."""

from datetime import UTC, datetime, time

import pytest

from aiops.domain.silences import parse_matcher
from aiops.domain.windows import Window


def window(start: str, end: str, *days: int, zone: str = "Europe/Berlin") -> Window:
    return Window(
        name="night",
        matchers=(parse_matcher("service=db"),),
        start=time.fromisoformat(start),
        end=time.fromisoformat(end),
        weekdays=frozenset(days),
        zone=zone,
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-04-18 19:59", False),
        ("2026-04-18 20:00", True),
        ("2026-04-18 22:00", True),
        ("2026-04-18 23:59", True),
        ("2026-04-19 00:00", False),
    ],
)
def test_a_window_is_of_its_own_zone_and_may_end_on_the_day_after(
    moment: str, inside: bool
) -> None:
    assert (window("22:00", "02:00").span_of(at(moment)) is not None) is inside


def test_a_night_belongs_to_the_day_it_begins_on() -> None:
    saturday = window("22:00", "02:00", 5)
    assert saturday.span_of(at("2026-04-18 23:00")) is not None
    assert saturday.span_of(at("2026-04-17 23:00")) is None
    assert window("22:00", "02:00", 4).span_of(at("2026-04-18 23:00")) is None


def test_it_keeps_its_times_of_day_when_the_clocks_change() -> None:
    night = window("22:00", "23:00")
    winter, summer = night.span_of(at("2026-03-27 21:30")), night.span_of(at("2026-03-30 20:30"))
    assert winter == (at("2026-03-27 21:00"), at("2026-03-27 22:00"))
    assert summer == (at("2026-03-30 20:00"), at("2026-03-30 21:00"))
