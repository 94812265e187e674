"""Indicators by the hour, as they are kept."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from aiops.domain.journeys import Journey
from aiops.domain.slos import Sli, SliHour, Slo
from aiops.slo.hours import name_of_slo
from aiops.slo.standing import first_hour, last_hour, standings
from aiops.store.sli_hours import SliHourStore
from tests.builders import minute

HOUR = SliHour(indicator="a", at=minute(0), total=1000, bad=2.5, seconds=3600)


@pytest.fixture
def store(history: Engine) -> SliHourStore:
    return SliHourStore(history)


def test_hours_come_back_as_they_were_by_indicator_and_time(store: SliHourStore) -> None:
    later, other = replace(HOUR, at=minute(60)), replace(HOUR, indicator="b")
    store.save("prod", [later, other, HOUR])
    store.save("staging", [replace(HOUR, bad=9)])
    assert store.since("prod", minute(0)) == (HOUR, later, other)
    assert store.since("prod", minute(1)) == (later,)
    store.save("prod", [])


def test_an_hour_that_is_counted_again_is_replaced(store: SliHourStore) -> None:
    store.save("prod", [replace(HOUR, total=10, bad=0, seconds=60)])
    store.save("prod", [HOUR, HOUR])
    assert store.since("prod", minute(0)) == (HOUR,)


def test_it_tells_from_where_to_where_an_indicator_is_kept(store: SliHourStore) -> None:
    store.save("prod", [HOUR, replace(HOUR, at=minute(120)), replace(HOUR, indicator="b")])
    assert store.spans("prod", ["a", "c"]) == {"a": (minute(0), minute(120))}
    assert store.spans("staging", ["a"]) == {}


def test_old_hours_are_forgotten(store: SliHourStore) -> None:
    store.save("prod", [HOUR, replace(HOUR, at=minute(60))])
    assert store.prune(minute(60)) == 1
    assert [one.at for one in store.since("prod", minute(0))] == [minute(60)]


@pytest.mark.parametrize("days", [1, 7, 28])
def test_hours_and_their_sums_by_day_stand_for_the_same(store: SliHourStore, days: int) -> None:
    promised = Slo(window_days=days)
    journey = Journey(name="checkout", entry="shop", slos=(promised, Slo(sli=Sli.LATENCY)))
    now, hour = minute(125), replace(HOUR, indicator=name_of_slo(journey, promised))
    every = [replace(hour, at=minute(120 - 60 * n), bad=float(n % 7)) for n in range(30 * 24)]
    store.save("prod", every)
    recent = store.since("prod", last_hour(now))
    assert [one.at for one in recent] == [minute(60), minute(120)]
    sums = store.days("prod", first_hour((journey,), now))
    assert len(sums) == 28 + 1  # of the longest window
    exact, told = (standings(one, recent, (journey,), now)[0].slos[0] for one in (every, sums))
    assert told == exact
    assert told.level.known_days == pytest.approx(days + 1 / 24)
