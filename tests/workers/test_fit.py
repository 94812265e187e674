"""History → profiles."""

from datetime import timedelta

import pytest

from aiops.backtest import FIRST_FIT_TICKS
from tests.builders import minute
from tests.workers.installation import Installation
from tests.workers.tables import source

SHARD = "shop.prod.0"


@pytest.fixture
def shop(parts: Installation) -> Installation:
    parts.fed["shop"] = source()
    return parts


def version(parts: Installation) -> int:
    stored = parts.history.load_profile(SHARD)
    return stored[0] if stored else 0


def grow(parts: Installation, minutes: float) -> None:
    parts.hand.at = minute(minutes) + timedelta(seconds=2)
    parts.poll.run("shop")
    parts.tasks.tasks.clear()


def test_nothing_is_fitted_before_an_hour_of_ticks(shop: Installation) -> None:
    grow(shop, 0)
    grow(shop, FIRST_FIT_TICKS - 1)
    shop.fit.due()
    assert not shop.tasks.tasks
    assert not shop.fit.all_fitted()
    grow(shop, FIRST_FIT_TICKS)
    shop.fit.due()
    assert list(shop.tasks.tasks) == [("fit.shard", (SHARD,))]
    shop.drain()
    assert shop.fit.all_fitted()
    assert shop.extents.fitted_at(SHARD) == minute(FIRST_FIT_TICKS)


def test_a_fit_that_was_asked_for_many_times_is_made_once(shop: Installation) -> None:
    grow(shop, 0)
    grow(shop, 90)
    for _ in range(3):
        shop.fit.due()
    asked = shop.tasks.names()
    assert asked == ["fit.shard"] * 3
    shop.drain()
    assert version(shop) == 1


def test_history_doubles_between_the_first_fits(shop: Installation) -> None:
    grow(shop, 0)
    grow(shop, 60)
    shop.fit.run(SHARD)
    grow(shop, 119)
    shop.fit.run(SHARD)
    assert version(shop) == 1
    grow(shop, 120)
    shop.fit.run(SHARD)
    assert version(shop) == 2


def test_a_shard_without_ticks_is_left_alone(parts: Installation) -> None:
    shop_series = source().series
    parts.history.add_series(SHARD, "prod", "shop", 60, shop_series)
    parts.fit.due()
    parts.fit.run(SHARD)
    assert not parts.tasks.tasks
    assert version(parts) == 0


def test_ticks_nobody_correlated_yet_wait_for_the_next_fit(shop: Installation) -> None:
    grow(shop, 0)
    grow(shop, 60)
    shop.fit.run(SHARD)
    correlated(shop)
    grow(shop, 120)
    shop.fit.run(SHARD)
    assert version(shop) == 1
    correlated(shop)
    shop.fit.run(SHARD)
    assert version(shop) == 2
    assert shop.extents.fitted_at(SHARD) == minute(120)


def correlated(parts: Installation) -> None:
    parts.detect.run(SHARD)
    parts.correlate.run("prod")
