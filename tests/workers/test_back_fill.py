"""The past of an installation, fetched once, whatever happens meanwhile."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from aiops.domain.errors import SourceError
from aiops.domain.ticks import Tick
from aiops.settings import PrometheusSettings
from tests.builders import minute, shop
from tests.workers.installation import HandClock, Installation, TableSource, settings_in
from tests.workers.tables import source
from workers.back_fill import await_fits, fetch_missing, fetch_past

SHARD = "shop.prod.0"
PAST = PrometheusSettings(
    name="shop",
    url="http://127.0.0.1:1",
    signals=(),
    step_seconds=60,
    back_fill_days=1,
    back_fill_step_seconds=300,
)


class KilledError(BaseException):
    """What a test raises where the process is killed."""


@pytest.fixture
def parts(tmp_path: Path, empty_redis_url: str) -> Iterator[Installation]:
    settings = replace(settings_in(tmp_path, empty_redis_url), sources=(PAST,))
    made = Installation(settings, HandClock(minute(0.1)), shop())
    made.fed["shop"] = source(bad_from=-100, bad_until=-50)
    yield made
    made.dispose()


def quiet(_line: str) -> None:
    """Take what is said and keep nothing."""


def times(parts: Installation) -> list[datetime]:
    return [tick.at for tick in parts.history.ticks_after(SHARD, None)]


def test_a_past_that_is_there_is_not_fetched_again(parts: Installation) -> None:
    fetch_past(parts, quiet)
    lines: list[str] = []
    fetch_past(parts, lines.append)
    assert lines == []
    assert len(times(parts)) == 289


@pytest.mark.parametrize("piece", [0, 1, 2])
def test_a_back_fill_that_was_killed_is_done_again(
    parts: Installation, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    store, pieces = parts.history.append_ticks, iter(range(100))

    def killed(shard: str, ticks: Sequence[Tick]) -> None:
        if next(pieces) == piece:
            raise KilledError
        store(shard, ticks)

    with monkeypatch.context() as patch:
        patch.setattr("workers.stages.poll.BACK_FILL_TICKS", 10)
        patch.setattr(parts.history, "append_ticks", killed)
        with pytest.raises(KilledError):
            fetch_past(parts, quiet)
    assert parts.extents.unscored() == ()
    fetch_past(parts, quiet)
    assert times(parts) == [minute(5 * number) for number in range(-288, 1)]
    assert parts.extents.unscored() == ()
    parts.detect.sweep()
    parts.drain(without=["learn.remember"])
    assert not parts.symptoms.open_symptoms("prod")


def test_a_past_that_was_not_there_is_asked_for_until_it_is(parts: Installation) -> None:
    shop = parts.fed["shop"]
    assert isinstance(shop, TableSource)
    shop.down = True
    lines: list[str] = []
    fetch_past(parts, lines.append)
    assert lines[-1] == "shop: no history for now; it is fetched when the source answers"
    with pytest.raises(SourceError):
        fetch_missing(parts, "shop")
    shop.down = False
    fetch_missing(parts, "shop")
    assert len(times(parts)) == 289
    asked = len(shop.asked)
    fetch_missing(parts, "shop")
    assert len(shop.asked) == asked


def test_a_past_is_not_fetched_while_somebody_polls(parts: Installation) -> None:
    assert parts.lease.acquire("poll:shop", 5) is not None
    fetch_missing(parts, "shop")
    assert not parts.extents.shard_ids("shop")


def test_the_start_waits_for_what_a_killed_process_held(parts: Installation) -> None:
    assert parts.lease.acquire("poll:shop", 0.5) is not None
    fetch_past(parts, quiet)
    assert len(times(parts)) == 289


def test_the_start_waits_for_the_first_fits_but_not_for_ever(
    parts: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    await_fits(parts, lines.append)
    assert lines == []
    fetch_past(parts, quiet)
    monkeypatch.setattr("workers.back_fill.FIT_PATIENCE_SECONDS", 0.3)
    await_fits(parts, lines.append)
    assert lines == [
        "learning what is usual …",
        "not all of it is learnt yet; what is not begins young",
    ]
    parts.drain()
    await_fits(parts, lines.append)
    assert len(lines) == 2


def test_the_start_waits_for_no_fit_of_what_is_too_young_for_one(parts: Installation) -> None:
    parts.hand.at = minute(5)
    parts.poll.run("shop")
    lines: list[str] = []
    assert parts.extents.shard_ids("shop")
    assert not parts.fit.all_fitted()
    await_fits(parts, lines.append)
    assert lines == []


def test_a_source_that_is_polled_elsewhere_gets_its_past_later(
    parts: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.back_fill.PATIENCE_SECONDS", 0.3)
    assert parts.lease.acquire("poll:shop", 5) is not None
    lines: list[str] = []
    fetch_past(parts, lines.append)
    assert lines[-1] == "shop: it is polled elsewhere; no history for now"


def test_the_past_of_a_source_that_is_watched_already_comes_behind_it(parts: Installation) -> None:
    parts.poll.run("shop")
    parts.drain()
    parts.hand.move(600)
    fetch_missing(parts, "shop")
    parts.drain(without=["learn.remember"])
    assert parts.history.load_state(SHARD).cursor == minute(0)
    assert times(parts) == [minute(5 * number) for number in range(-286, 1)]
    assert not parts.symptoms.open_symptoms("prod")


def test_a_past_that_comes_late_does_not_move_detection_back(parts: Installation) -> None:
    parts.poll.run("shop")
    parts.drain()
    parts.hand.move(60)
    parts.poll.run("shop")
    parts.drain()
    parts.poll.back_fill("shop", minute(0) - minute(-180), 300)
    assert parts.history.load_state(SHARD).cursor == minute(1)


def test_a_redis_that_dies_meanwhile_is_waited_for(
    parts: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_fill, failures = parts.poll.back_fill, [RedisConnectionError("refused")] * 2

    def dying(*told: Any) -> int | None:
        if failures:
            raise failures.pop()
        return back_fill(*told)

    monkeypatch.setattr(parts.poll, "back_fill", dying)
    fetch_past(parts, quiet)
    assert len(times(parts)) == 289


def test_a_redis_that_stays_away_is_said(
    parts: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(*_: Any) -> int | None:
        raise RedisConnectionError("refused")

    monkeypatch.setattr(parts.poll, "back_fill", dead)
    monkeypatch.setattr("workers.back_fill.PATIENCE_SECONDS", 0.3)
    lines: list[str] = []
    fetch_past(parts, lines.append)
    assert lines[-1] == "shop: Redis does not answer (refused); no history for now"
