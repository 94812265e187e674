import pytest
from sqlalchemy import Engine

from aiops.store.accepted import AcceptedBody, BodyStore
from tests.builders import minute


@pytest.fixture
def store(aiops: Engine) -> BodyStore:
    return BodyStore(aiops)


def body(key: str, content: bytes = b"{}") -> AcceptedBody:
    return AcceptedBody(
        idempotency_key=key,
        source="alertmanager",
        content_type="application/json",
        received_at=minute(0),
        body=content,
        traceparent="00-a",
    )


def test_bodies_wait_in_the_order_they_came_until_they_are_done(store: BodyStore) -> None:
    ids = store.accept([body("b"), body("a", b"\x00\xff")])
    later = store.accept([body("0")])["0"]
    assert store.accept([]) == {}
    assert store.waiting() == (*sorted(ids.values()), later)
    assert store.load(ids["a"]) == body("a", b"\x00\xff")
    assert store.done(ids["a"])
    assert not store.done(ids["a"])
    assert store.rejected(ids["b"], "line 1: no JSON")
    assert store.waiting(limit=1) == (later,)
    assert store.load(ids["b"]) is None


def test_a_body_sent_twice_is_one(store: BodyStore) -> None:
    first = store.accept([body("a")])
    store.done(first["a"])
    assert store.accept([body("a"), body("a"), body("b")])["a"] == first["a"]
    assert len(store.waiting()) == 1


def test_old_bodies_go_and_those_that_wait_stay(store: BodyStore) -> None:
    ids = store.accept([body(str(number)) for number in range(1200)])
    for key, body_id in ids.items():
        if key != "7" and int(key) < 700:
            store.done(body_id)
    assert store.prune(minute(0)) == 0
    assert store.prune(minute(1)) == 699
    assert len(store.waiting(limit=2000)) == 501


def test_hundreds_of_bodies_are_kept_together_as_they_came(store: BodyStore) -> None:
    store.accept([body("7", b"was there before")])
    store.keep_all([body(str(number), bytes([number % 256])) for number in range(1001)])
    store.keep_all([])
    kept = [store.load(body_id) for body_id in store.waiting(limit=2000)]
    found = {one.idempotency_key: one for one in kept if one}
    assert len(kept) == len(found) == 1001
    assert found["7"].body == b"was there before"
    assert found["900"] == body("900", bytes([900 % 256]))
