"""Pushed samples and their series, from the acknowledgement until they are derived."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import numpy as np
import pytest
from sqlalchemy import Engine, event, update

from aiops.domain.errors import StateFormatError
from aiops.domain.pushed import Block, RawSeries
from aiops.domain.series import SeriesKey
from aiops.store.engine import writing
from aiops.store.pushed import PushedBody, PushedStore, Reached
from aiops.store.pushed_blobs import pack_blocks, unpack_blocks
from aiops.store.pushed_tables import RAW_SERIES
from tests.builders import minute

NOTHING = Reached(0, None)


@pytest.fixture
def store(history: Engine) -> PushedStore:
    return PushedStore(history)


def raw(name: str, metric: str = "requests", bounds: tuple[float, ...] | None = None) -> RawSeries:
    key = SeriesKey(service="shop", metric=metric, labels=(("pod", name),))
    return RawSeries(key=key, unit="ms", bounds=bounds)


def body(value: float, *, at: float = 0, source: str = "prom") -> PushedBody:
    newest = round(minute(at).timestamp() * 1000)
    one = Block(np.array([7], np.int32), np.array([newest]), np.array([[value]]))
    return PushedBody(source=source, received_at=minute(at), newest=newest, blob=pack_blocks([one]))


def values(store: PushedStore, position: int = 0, source: str = "prom") -> list[float]:
    return [
        float(block.values[0, 0])
        for one in store.after(source, position, 10_000)
        for block in one.blocks
    ]


def test_a_series_keeps_its_number_and_a_wide_one_has_several(store: PushedStore) -> None:
    wide = raw("b", bounds=(0.5, 1.0))
    first = store.keep("prom", [raw("a"), wide, raw("c")], minute(0))
    assert list(first.values()) == [0, 1, 1 + wide.width]
    again = store.keep("prom", [raw("d"), raw("c"), raw("a")], minute(0))
    assert again[raw("a").fingerprint] == 0
    assert again[raw("d").fingerprint] == 2 + wide.width
    assert store.series("prom") == {0: raw("a"), 1: wide, 6: raw("c"), 7: raw("d")}
    assert store.series("prom", begin=2) == {6: raw("c"), 7: raw("d")}


def test_sources_number_their_series_on_their_own(store: PushedStore) -> None:
    store.keep("prom", [raw("a"), raw("b")], minute(0))
    assert store.keep("otel", [raw("b")], minute(0)) == {raw("b").fingerprint: 0}
    assert store.series("nobody") == {}
    assert store.keep("nobody", [], minute(0)) == {}


def test_thousands_of_series_that_are_known_in_part_get_one_number_each(
    store: PushedStore,
) -> None:
    some = [raw(str(number)) for number in range(1300)]
    store.keep("prom", some[::2], minute(0))
    numbers = store.keep("prom", [*some, *some], minute(0))
    assert sorted(numbers.values()) == list(range(1300))
    assert set(store.series("prom").values()) == set(some)


def test_writers_that_meet_the_same_series_at_once_agree(store: PushedStore) -> None:
    def keep(first: int) -> dict[str, int]:
        found: dict[str, int] = {}
        for begin in range(first, first + 60, 10):
            found |= store.keep(
                "prom", [raw(str(number)) for number in range(begin, begin + 30)], minute(0)
            )
        return found

    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(keep, (0, 10, 20, 0)))
    kept = {one.fingerprint: number for number, one in store.series("prom").items()}
    assert len(kept) == len(set(kept.values())) == 100
    assert all(found.items() <= kept.items() for found in told)


def test_series_that_are_gone_are_forgotten_and_their_numbers_are_not_given_again(
    store: PushedStore,
) -> None:
    store.keep("prom", [raw(str(number)) for number in range(1200)], minute(0))
    store.keep("prom", [raw("7")], minute(5))
    store.keep("prom", [raw("7"), raw("8")], minute(3))
    assert store.prune_series(minute(0), minute(9)) == 0
    assert store.prune_series(minute(5), minute(9)) == 1199
    assert store.series("prom") == {7: raw("7")}
    assert store.count_series("prom") == 1
    again = store.keep("prom", [raw("8"), raw("7")], minute(6))
    assert again == {raw("7").fingerprint: 7, raw("8").fingerprint: 1200}


def test_it_is_known_which_series_were_seen_of_late(store: PushedStore) -> None:
    store.keep("prom", [raw("a"), raw("b")], minute(0))
    store.keep("prom", [raw("b"), raw("c")], minute(4))
    assert set(store.series("prom", seen_from=minute(4)).values()) == {raw("b"), raw("c")}
    assert set(store.series("prom", begin=2, seen_from=minute(0)).values()) == {raw("c")}


def test_series_of_the_releases_before_count_as_seen_now(
    store: PushedStore, history: Engine
) -> None:
    store.keep("prom", [raw("a"), raw("b")], minute(0))
    with writing(history) as connection:
        connection.execute(update(RAW_SERIES).where(RAW_SERIES.c.number == 0).values(seen=0))
    assert store.prune_series(minute(5), minute(5)) == 1
    assert store.series("prom") == {0: raw("a")}
    assert store.prune_series(minute(6), minute(6)) == 1


def test_bodies_are_read_in_the_order_of_their_commits(store: PushedStore) -> None:
    store.keep_all([body(1), body(2), body(9, source="otel")])
    store.keep_all([body(number) for number in range(3, 453)])
    assert values(store) == list(range(1, 453))
    assert values(store, source="otel") == [9]
    first = store.after("prom", 0, 2)
    assert [one.received_at for one in first] == [minute(0)] * 2
    assert values(store, first[-1].id) == list(range(3, 453))
    store.keep_all([])


def test_a_body_comes_out_with_every_bit_it_went_in_with(store: PushedStore) -> None:
    stale = np.array([0x7FF0_0000_0000_0002, 1], dtype=np.uint64).view(np.float64)
    one = Block(np.array([1, 5], np.int32), np.array([-1, 1 << 41]), stale[:, None])
    wide = Block(np.array([8], np.int32), np.array([5]), np.array([[1.0, np.inf, -0.0]]))
    blob = pack_blocks([one, wide])
    store.keep_all([PushedBody(source="prom", received_at=minute(0), newest=5, blob=blob)])
    ((_, _, blocks),) = store.after("prom", 0, 1)
    for kept, sent in zip(blocks, (one, wide), strict=True):
        assert [part.tobytes() for part in kept] == [part.tobytes() for part in sent]
        assert [part.shape for part in kept] == [part.shape for part in sent]
    assert store.waiting_bytes("prom") == len(blob)
    assert store.waiting_bytes("otel") == 0


def test_blobs_of_the_releases_before_are_read(store: PushedStore) -> None:
    header, block = bytes.fromhex("41494f5001000000 01000000"), bytes.fromhex("01000000 01000000")
    columns = (np.array([7], "<i4"), np.array([1000], "<i8"), np.array([0.5], "<f8"))
    blob = header + block + b"".join(column.tobytes() for column in columns)
    store.keep_all([PushedBody(source="prom", received_at=minute(0), newest=1000, blob=blob)])
    assert values(store) == [0.5]


@pytest.mark.parametrize("cut", [0, 5, 11, 12, 20, -1])
def test_a_blob_that_is_cut_is_named_and_read_by_nobody(cut: int) -> None:
    with pytest.raises(StateFormatError, match="pushed samples"):
        unpack_blocks(body(1).blob[:cut])


def test_a_blob_of_a_later_release_is_named() -> None:
    with pytest.raises(StateFormatError, match="unknown here"):
        unpack_blocks(b"AIOP\x09" + body(1).blob[5:])


def test_how_far_a_source_is_worked_moves_once(store: PushedStore) -> None:
    assert store.reached("prom") == NOTHING
    one, two = Reached(5, minute(1)), Reached(9, minute(2))
    assert store.close("prom", NOTHING, one, minute(-60))
    assert store.reached("prom") == one
    assert not store.close("prom", NOTHING, two, minute(-60))
    assert not store.close("prom", Reached(5, minute(3)), two, minute(-60))
    assert store.reached("prom") == one
    assert store.close("prom", one, two, minute(-60))
    assert (store.reached("prom"), store.reached("otel")) == (two, NOTHING)


def test_what_was_worked_and_matters_to_no_tick_is_forgotten(store: PushedStore) -> None:
    store.keep_all([body(number, at=number) for number in range(1200)])
    store.keep_all([body(7, source="otel", at=0)])
    ids = [one.id for one in store.after("prom", 0, 2000)]
    assert store.close("prom", NOTHING, Reached(ids[1100], minute(1)), minute(1000))
    assert values(store) == list(range(1000, 1200))
    assert values(store, source="otel") == [7]
    assert not store.close("prom", NOTHING, Reached(ids[-1], minute(9)), minute(2000))
    assert len(values(store)) == 200


def test_an_id_is_not_given_again_when_all_is_forgotten(store: PushedStore) -> None:
    store.keep_all([body(1)])
    ((last, _, _),) = store.after("prom", 0, 1)
    assert store.close("prom", NOTHING, Reached(last, minute(1)), minute(60))
    store.keep_all([body(2)])
    assert values(store, last) == [2]


def test_what_is_counted_adds_up(store: PushedStore) -> None:
    store.keep("prom", [raw("a"), raw("b"), raw("c", metric="errors")], minute(0))
    store.count_passed("prom", {})
    store.count_passed("prom", {"requests": (1, 10), "unasked": (0, 1 << 40)})
    store.count_passed("prom", {"requests": (2, 5)})
    store.count_passed("otel", {"requests": (7, 7)})
    assert store.metrics("prom") == {
        "errors": (1, 0, 0),
        "requests": (2, 3, 15),
        "unasked": (0, 0, 1 << 40),
    }
    assert store.metrics("otel") == {"requests": (0, 7, 7)}


def test_a_group_of_bodies_is_one_commit(store: PushedStore, history: Engine) -> None:
    commits: list[object] = []
    event.listen(history, "commit", commits.append)
    store.keep_all([body(number) for number in range(450)])
    assert len(commits) == 1


def test_whoever_reads_on_while_others_write_misses_nothing(store: PushedStore) -> None:
    def write(first: int) -> None:
        for number in range(first, first + 25):
            store.keep_all([body(number), body(1000 + number)])

    seen: list[float] = []
    position = 0

    def read() -> Sequence[float]:
        nonlocal position
        found = store.after("prom", position, 1000)
        position = found[-1].id if found else position
        return [float(one.blocks[0].values[0, 0]) for one in found]

    with ThreadPoolExecutor(3) as threads:
        writers = [threads.submit(write, first) for first in (0, 25, 50)]
        while not all(one.done() for one in writers):
            seen += read()
    for one in writers:
        one.result()
    seen += read()
    assert sorted(seen) == [*range(75), *range(1000, 1075)]


def test_the_newest_moment_is_what_decides(store: PushedStore) -> None:
    late: datetime = minute(5)
    store.keep_all([body(1, at=5)])
    (kept,) = store.after("prom", 0, 1)
    assert store.close("prom", NOTHING, Reached(kept.id, late), late)
    assert values(store) == [1]
    assert store.close("prom", Reached(kept.id, late), Reached(kept.id, minute(6)), minute(6))
    assert values(store) == []


def test_the_oldest_bodies_give_way_and_are_counted(store: PushedStore) -> None:
    store.keep_all([body(value) for value in range(1200)])
    store.keep_all([body(7, source="otel")])
    each = store.waiting_bytes("otel")
    assert store.shed("prom", 2000 * each) == 0
    assert store.shed("prom", 100 * each + each // 2) == 1100
    assert values(store) == [float(value) for value in range(1100, 1200)]
    assert store.shed("prom", 0) == 100
    assert (store.shed_bodies("prom"), store.shed_bodies("otel")) == (1200, 0)
    assert values(store, source="otel") == [7.0]
