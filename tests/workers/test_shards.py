"""What detection keeps in files and in the process is a cache: with it or without, same facts."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from aiops.domain.symptoms import FactKind, SymptomFact
from aiops.store.standing import Standing
from tests.builders import minute, series
from tests.workers.installation import HandClock, Installation, TableSource, settings_in
from tests.workers.tables import SERIES, source, values
from workers.stages.shards import CHECKPOINT_TICKS, is_checkpoint_between

SHARD = "shop.prod.0"
MINUTES = 40

Damage = Callable[[Path], None]


def nothing(_cache: Path) -> None:
    """Leave the files as they are."""


def gone(cache: Path) -> None:
    shutil.rmtree(cache, ignore_errors=True)


def garbled(cache: Path) -> None:
    _replace(cache, b"junk")


def empty(cache: Path) -> None:
    _replace(cache, b"")


def _replace(cache: Path, content: bytes) -> None:
    """Put other files in place of those there are: what is mapped is never changed."""
    for path in cache.rglob("*.*"):
        if path.is_file():
            path.unlink()
            path.write_bytes(content)


def unwritable(cache: Path) -> None:
    if not cache.is_file():
        shutil.rmtree(cache, ignore_errors=True)
        cache.write_bytes(b"in the way")


def played(
    directory: Path, redis_url: str, damage: Damage, *, anew: bool = False
) -> tuple[list[SymptomFact], bytes]:
    """Return the facts of a fault and its end, and the last state left in SQL.

    Args:
        directory: of a new installation.
        redis_url: its Redis.
        damage: what becomes of the cache before every tick.
        anew: whether another process scores each tick.
    """
    directory.mkdir()
    settings = settings_in(directory, redis_url)
    clock = HandClock(minute(0) + timedelta(seconds=2))
    fed = {"shop": source(bad_from=3, bad_until=20)}
    parts = Installation(settings, clock)
    parts.fed.update(fed)
    parts.poll.back_fill("shop", timedelta(hours=4), 60)
    parts.fit.run(SHARD)
    for number in range(1, MINUTES):
        damage(directory / "cache")
        if anew:
            parts.dispose()
            parts = Installation(settings, clock)
            parts.fed.update(fed)
        clock.at = minute(number) + timedelta(seconds=2)
        parts.poll.run("shop")
        parts.detect.run(SHARD)
    facts = list(parts.symptoms.uncorrelated("prod", minute(1000)))
    state = parts.history.load_state(SHARD).state or b""
    parts.dispose()
    return facts, state


@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize("damage", [gone, garbled, empty, unwritable])
def test_without_the_files_the_same_is_told(
    tmp_path: Path, empty_redis_url: str, damage: Damage, anew: bool
) -> None:
    expected, _ = played(tmp_path / "kept", empty_redis_url, nothing)
    assert {fact.kind for fact in expected} >= {FactKind.OPENED, FactKind.ENDED}
    found, _ = played(tmp_path / "damaged", empty_redis_url, damage, anew=anew)
    assert found == expected


def test_the_state_goes_to_the_database_once_in_a_while(
    parts: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.stages.shards.CHECKPOINT_TICKS", 15)
    parts.fed["shop"] = source()
    parts.poll.back_fill("shop", timedelta(hours=4), 60)
    saved = set()
    for number in range(1, 46):
        parts.hand.at = minute(number) + timedelta(seconds=2)
        parts.poll.run("shop")
        parts.detect.run(SHARD)
        saved.add(parts.history.standing(SHARD).saved)
    assert len(saved) in (4, 5)  # the first one, and every fifteenth tick
    assert len(list((parts.settings.data_dir / "cache" / "states" / SHARD).iterdir())) == 1


def test_a_state_that_was_not_there_any_more_goes_to_the_database_at_once(
    parts: Installation,
) -> None:
    parts.fed["shop"] = source()
    parts.poll.back_fill("shop", timedelta(hours=4), 60)
    for number in range(1, 8):
        if number in (3, 4, 5):  # as with every task on another machine
            gone(parts.settings.data_dir / "cache")
        parts.hand.at = minute(number) + timedelta(seconds=2)
        parts.poll.run("shop")
        parts.detect.run(SHARD)
        if number in (3, 4, 5):
            assert parts.history.standing(SHARD).saved == minute(number)
    assert parts.history.standing(SHARD).saved in (minute(5), minute(6), minute(7))


def test_shards_take_turns_in_writing_their_state() -> None:
    def due(shard: str, number: int) -> bool:
        at = Standing(shard, 60, minute(number), None, 0, 0, 1, 1)
        return is_checkpoint_between(at, at._replace(cursor=minute(number + 1)))

    turns = {
        shard: [number for number in range(CHECKPOINT_TICKS) if due(shard, number)]
        for shard in ("shop.prod.0", "shop.prod.1", "shop.prod.2")
    }
    assert all(len(turn) == 1 for turn in turns.values())
    assert len({turn[0] for turn in turns.values()}) > 1


def test_a_series_that_is_new_is_scored_by_a_process_that_knew_the_shard_before(
    parts: Installation,
) -> None:
    parts.fed["shop"] = source()
    parts.poll.back_fill("shop", timedelta(hours=4), 60)
    for number in range(1, 4):
        parts.hand.at = minute(number) + timedelta(seconds=2)
        parts.poll.run("shop")
        parts.detect.run(SHARD)
    more = (*SERIES, series("search", "latency_seconds", region="EU", unit="s"))
    wider = values()[:, [0, 1, 2, 1]]
    wider[240 + 30 : 240 + 40, 3] = 9.0
    parts.fed["shop"] = TableSource(more, source().first, wider)
    del parts.__dict__["poll"]
    for number in range(4, 40):
        parts.hand.at = minute(number) + timedelta(seconds=2)
        parts.poll.run("shop")
        parts.detect.run(SHARD)
    facts = parts.symptoms.uncorrelated("prod", minute(1000))
    assert {fact.symptom.service for fact in facts} == {"search"}
