import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import Engine

from aiops.domain.errors import BusyError, StoreError
from aiops.store import intake as module
from aiops.store.accepted import AcceptedBody, BodyStore
from aiops.store.engine import open_engine
from aiops.store.intake import Intake
from tests.builders import minute


class SlowStore(BodyStore):
    """A store whose commits begin when they are let, and are counted."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.groups: list[int] = []
        self.begun = threading.Event()
        self.may_go_on = threading.Event()

    def keep_all(self, bodies: Sequence[AcceptedBody]) -> None:
        self.groups.append(len(bodies))
        self.begun.set()
        assert self.may_go_on.wait(10)
        super().keep_all(bodies)


def body(key: str) -> AcceptedBody:
    return AcceptedBody(
        idempotency_key=key,
        source="test",
        content_type="text/plain",
        received_at=minute(0),
        body=b"x",
    )


def test_what_queues_up_during_a_commit_is_the_next_commit(aiops: Engine) -> None:
    store = SlowStore(aiops)
    with Intake(store) as intake:
        first = intake.accept(body("first"))
        assert store.begun.wait(10)
        others = [intake.accept(body(str(number % 40))) for number in range(50)]
        assert not others[0].cancel(), "one sender gives up for nobody else"
        store.may_go_on.set()
    assert store.groups == [1, 50]
    assert len({first, *others}) == 2, "one future for each commit"
    assert all(one.result(0) is None for one in (first, *others))
    kept = [store.load(body_id) for body_id in store.waiting()]
    assert {one.idempotency_key for one in kept if one} == {"first", *map(str, range(40))}
    assert len(kept) == 41


def test_no_commit_is_larger_than_a_group(aiops: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GROUP", 20)
    store = SlowStore(aiops)
    with Intake(store) as intake:
        intake.accept(body("first"))
        assert store.begun.wait(10)
        for number in range(50):
            intake.accept(body(str(number)))
        store.may_go_on.set()
    assert store.groups == [1, 20, 20, 10]
    assert len(store.waiting()) == 51


def test_every_sender_hears_of_a_database_that_is_not_there() -> None:
    store = BodyStore(open_engine("sqlite:////nowhere/at/all.db", durable=True))
    with Intake(store) as intake:
        futures = [intake.accept(body(key)) for key in "abc"]
        for future in futures:
            with pytest.raises(StoreError, match="there is no such database"):
                future.result(10)


def test_a_full_or_closed_intake_sends_away(aiops: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOM", 1)
    store = SlowStore(aiops)
    with Intake(store) as intake:
        intake.accept(body("under way"))
        assert store.begun.wait(10)
        intake.accept(body("waiting"))
        with pytest.raises(BusyError, match="1 bodies of 1 bytes wait for the database"):
            intake.accept(body("too many"))
        store.may_go_on.set()
    with pytest.raises(StoreError, match="the intake is closed"):
        intake.accept(body("too late"))
    assert len(store.waiting()) == 2
