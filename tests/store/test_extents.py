import numpy as np
from sqlalchemy import Engine

from aiops.domain.ticks import Tick
from aiops.store.extents import Extents
from aiops.store.signals import HistoryStore
from tests.builders import minute, series

SHARD = "shop.prod.0"


def filled(history: Engine) -> Extents:
    store = HistoryStore(history)
    store.add_series(SHARD, "prod", "shop", 60, [series("checkout", "error_ratio")])
    store.add_series("other.staging.0", "staging", "other", 30, [series("search", "latency")])
    store.append_ticks(
        SHARD, [Tick(at=minute(at), values=np.zeros(1, dtype=np.float32)) for at in (1, 2, 3)]
    )
    return Extents(history)


def test_shards_are_known_by_source_and_environment(history: Engine) -> None:
    extents = filled(history)
    assert extents.shard_ids() == ("other.staging.0", SHARD)
    assert extents.shard_ids("shop") == (SHARD,)
    assert extents.environments() == {"prod": 60, "staging": 30}


def test_first_and_newest_ticks_are_told_without_reading_them(history: Engine) -> None:
    extents = filled(history)
    assert extents.newest_tick("shop") == minute(3)
    assert extents.newest_tick("other") is None
    assert extents.of_shard(SHARD) == (minute(1), minute(3))
    assert extents.of_shard("other.staging.0") is None


def test_a_shard_is_unscored_until_its_cursor_reaches_the_newest_tick(history: Engine) -> None:
    extents, store = filled(history), HistoryStore(history)
    assert extents.unscored() == (SHARD,)
    store.advance_cursor(SHARD, None, minute(2), b"", profile_version=0)
    assert extents.unscored() == (SHARD,)
    store.advance_cursor(SHARD, minute(2), minute(3), b"", profile_version=0)
    assert extents.unscored() == ()


def test_the_last_fit_is_known_by_its_last_tick(history: Engine) -> None:
    extents, store = filled(history), HistoryStore(history)
    assert extents.fitted_at(SHARD) is None
    store.save_profile(SHARD, b"one", fitted_at=minute(2))
    store.save_profile(SHARD, b"two", fitted_at=minute(3))
    assert extents.fitted_at(SHARD) == minute(3)


def test_an_environment_waits_for_shards_that_have_ticks_to_score(history: Engine) -> None:
    extents, store = filled(history), HistoryStore(history)
    store.add_series("shop.prod.1", "prod", "shop", 60, [series("search", "error_ratio")])
    store.advance_cursor("shop.prod.1", None, minute(3), b"", profile_version=0)
    assert extents.is_any_behind("prod", minute(3))
    assert not extents.is_any_behind("staging", minute(3))  # none of its shards has a tick
    store.advance_cursor(SHARD, None, minute(2), b"", profile_version=0)
    assert extents.is_any_behind("prod", minute(3))
    assert not extents.is_any_behind("prod", minute(2))
    store.advance_cursor(SHARD, minute(2), minute(3), b"", profile_version=0)
    assert not extents.is_any_behind("prod", minute(4))  # it has no tick after its last one
