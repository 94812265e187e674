"""Closed ticks → indicators by the hour, and how journeys stand."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aiops.domain.journeys import Journey
from aiops.domain.slos import Slo
from aiops.domain.ticks import Tick
from tests import builders
from tests.builders import minute
from tests.slo.made import ERRORS, TRAFFIC
from tests.workers.installation import HandClock, Installation, settings_in
from workers.console import journeys_now

SHARD = "shop.prod.0"
CHECKOUT = Journey(
    name="checkout", entry="checkout", services=("checkout",), slos=(Slo(objective=0.99),)
)


@pytest.fixture
def parts(tmp_path: Path, empty_redis_url: str) -> Iterator[Installation]:
    settings = settings_in(tmp_path, empty_redis_url, journeys=(CHECKOUT,))
    made = Installation(settings, HandClock(minute(0)), builders.shop())
    made.history.add_series(SHARD, "prod", "shop", 60, [TRAFFIC, ERRORS])
    made.fed["shop"] = None  # type: ignore[assignment]  # only its name is asked for
    yield made
    made.dispose()


def measure(parts: Installation, first: int, last: int, failing: float) -> None:
    """Store the ticks between two minutes after ten, and say that they were scored."""
    values = np.array([10, failing], dtype=np.float32)
    ticks = [Tick(at=minute(at), values=values) for at in range(first, last + 1)]
    parts.history.append_ticks(SHARD, ticks)
    standing = parts.history.standing(SHARD)
    until = max(minute(last), standing.cursor or minute(last))
    parts.history.advance_cursor(SHARD, standing.cursor, until, None, profile_version=0)
    parts.hand.at = until


def available(parts: Installation) -> float | None:
    (told,) = journeys_now(parts)
    return told.slos[0].level.good_share


def test_what_is_measured_is_counted_and_counting_again_changes_nothing(
    parts: Installation,
) -> None:
    assert available(parts) is None
    measure(parts, -120, 59, 0.0)
    measure(parts, 60, 119, 0.4)
    parts.levels.run()
    assert available(parts) == pytest.approx(1 - 0.4 / 4)
    before = parts.sli_hours.since("prod", minute(-600))
    parts.levels.run()
    assert parts.sli_hours.since("prod", minute(-600)) == before


def test_only_the_last_hours_are_read_again(parts: Installation) -> None:
    measure(parts, -600, 59, 0.0)
    parts.levels.run()
    first = parts.sli_hours.since("prod", minute(-600))[0]
    parts.sli_hours.save("prod", [replace(first, bad=first.total)])
    measure(parts, 60, 119, 0.4)
    parts.levels.run()
    assert parts.sli_hours.since("prod", minute(-600))[0].bad == first.total
    assert available(parts) == pytest.approx(1 - 1.4 / 12)


def test_a_past_that_is_fetched_later_is_counted_too(parts: Installation) -> None:
    measure(parts, 0, 59, 0.0)
    parts.levels.run()
    measure(parts, -180, -1, 0.4)
    parts.levels.run()
    assert available(parts) == pytest.approx(1 - 0.4 * 3 / 4)


def test_a_journey_declared_later_is_counted_from_the_beginning(parts: Installation) -> None:
    measure(parts, -300, 59, 0.1)
    parts.levels.run()
    more = replace(CHECKOUT, name="signup")
    later = Installation(replace(parts.settings, journeys=(CHECKOUT, more)), parts.hand)
    later.fed["shop"] = parts.fed["shop"]
    later.levels.run()
    assert [one.slos[0].level.known_days * 24 for one in journeys_now(later)] == [
        pytest.approx(6),
        pytest.approx(6),
    ]
    later.dispose()


def test_values_that_came_late_are_counted_with_the_next(parts: Installation) -> None:
    measure(parts, 0, 29, 0.0)
    parts.history.append_ticks(SHARD, [Tick(at=minute(30), values=np.array([], dtype=np.float32))])
    measure(parts, 31, 59, 0.0)
    parts.levels.run()
    assert available(parts) == 1
    late = Tick(at=minute(30), values=np.array([10, 1.0], dtype=np.float32))
    parts.late.append(SHARD, [late])
    parts.levels.run()
    assert available(parts) == pytest.approx(1 - 1 / 60)
