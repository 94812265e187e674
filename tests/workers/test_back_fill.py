"""The past of an installation, fetched once, whatever happens meanwhile."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from aiops.domain.ticks import Tick
from aiops.settings import PrometheusSettings
from tests.builders import minute, shop
from tests.workers.installation import HandClock, Installation, settings_in
from tests.workers.tables import source
from workers.back_fill import fetch_past

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
    assert fetch_past(parts, quiet) == ()
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


def test_a_past_that_comes_late_does_not_move_detection_back(parts: Installation) -> None:
    parts.poll.run("shop")
    parts.drain()
    parts.hand.move(60)
    parts.poll.run("shop")
    parts.drain()
    parts.poll.back_fill("shop", minute(0) - minute(-180), 300)
    assert parts.history.load_state(SHARD).cursor == minute(1)
