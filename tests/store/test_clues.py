"""Logs and traces are kept exactly once, whoever counts them and whatever dies meanwhile."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from aiops.clues.digest import digest
from aiops.clues.needs import ClueNeeds
from aiops.domain.clues import ServiceCall, TelemetryBatch
from aiops.domain.errors import StaleStateError
from aiops.store.accepted import AcceptedBody, BodyStore
from aiops.store.clues import ClueStore
from aiops.store.codec import encode
from tests.builders import minute
from tests.clues.made import lines, trace

CALL = ServiceCall(
    env="prod", caller="checkout", callee="payment-service", count=2, seen_at=minute(3)
)
BATCH = TelemetryBatch(
    heard=(("prod", minute(2)),),
    lines=(lines("card <*> declined by visa", 3), lines("card <*> declined by amex", 4, at=4)),
    traces=(trace("payment-service", "checkout", failed=True),),
    calls=(CALL,),
)
NEEDS = ClueNeeds(
    services=("payment-service",), since=minute(0), stretches=((minute(0), minute(9)),)
)


@pytest.fixture
def store(aiops: Engine) -> ClueStore:
    return ClueStore(aiops)


def accept(
    engine: Engine, *batches: TelemetryBatch, first: int = 0, source: str = "otlp_logs"
) -> None:
    BodyStore(engine).accept(
        [
            AcceptedBody(
                idempotency_key=f"body-{number}",
                source=source,
                content_type="application/json",
                received_at=minute(5),
                body=encode(TelemetryBatch, batch).encode(),
            )
            for number, batch in enumerate(batches, first)
        ]
    )


def work(store: ClueStore, limit: int = 100) -> None:
    waiting = store.waiting(limit)
    store.commit(waiting, digest(waiting.kept, waiting.batches))


def counts(store: ClueStore) -> dict[str, int]:
    window = store.window("prod", NEEDS, minute(9))
    assert window is not None
    texts = {one.number: one.text for one in window.templates}
    found: dict[str, int] = {}
    for one in window.counts:
        for number, count in one.counts:
            found[texts[number]] = found.get(texts[number], 0) + count
    return found


def test_what_batches_come_down_to_is_read_back(aiops: Engine, store: ClueStore) -> None:
    accept(aiops, BATCH)
    work(store)
    window = store.window("prod", NEEDS, minute(9))
    assert window is not None
    assert window.since == minute(2)
    assert window.traces == BATCH.traces
    assert counts(store) == {"card <*> declined by <*>": 7}
    assert store.calls("prod") == (CALL,)


def test_batches_one_by_one_or_together_are_kept_alike(aiops: Engine, store: ClueStore) -> None:
    accept(aiops, BATCH, BATCH)
    work(store, limit=1)
    work(store, limit=1)
    assert counts(store) == {"card <*> declined by <*>": 14}
    assert store.calls("prod")[0].count == 4


def test_a_body_sent_again_counts_once(aiops: Engine, store: ClueStore) -> None:
    accept(aiops, BATCH)
    work(store)
    accept(aiops, BATCH)
    work(store)
    assert counts(store) == {"card <*> declined by <*>": 7}


def test_of_two_workers_with_the_same_batches_one_counts_them(
    aiops: Engine, store: ClueStore
) -> None:
    accept(aiops, BATCH)
    mine, theirs = store.waiting(9), ClueStore(aiops).waiting(9)
    store.commit(mine, digest(mine.kept, mine.batches))
    with pytest.raises(StaleStateError):
        store.commit(theirs, digest(theirs.kept, theirs.batches))
    assert counts(store) == {"card <*> declined by <*>": 7}


def test_a_worker_that_did_not_see_the_newest_templates_has_to_look_again(
    aiops: Engine, store: ClueStore
) -> None:
    accept(aiops, BATCH)
    first = store.waiting(1)
    accept(aiops, TelemetryBatch(lines=(lines("no route to bank"),)), first=1)
    second = store.waiting(2)
    store.commit(first, digest(first.kept, first.batches))
    with pytest.raises(StaleStateError):
        store.commit(second, digest(second.kept, second.batches))
    work(store)
    assert counts(store) == {"card <*> declined by <*>": 7, "no route to bank": 1}


def test_a_restart_keeps_the_templates(aiops: Engine, store: ClueStore) -> None:
    accept(aiops, BATCH)
    work(store)
    accept(aiops, TelemetryBatch(lines=(lines("card <*> declined by maestro", 5),)), first=1)
    work(ClueStore(aiops))
    assert counts(store) == {"card <*> declined by <*>": 12}


def test_a_body_that_is_no_batch_is_put_aside_and_the_others_are_worked(
    aiops: Engine, store: ClueStore
) -> None:
    accept(aiops, BATCH)
    bad = AcceptedBody(
        idempotency_key="bad",
        source="otlp_logs",
        content_type="application/json",
        received_at=minute(5),
        body=b"\xff",
    )
    BodyStore(aiops).accept([bad])
    work(store)
    assert counts(store) == {"card <*> declined by <*>": 7}
    assert store.waiting(9).broken == ()


def test_nothing_is_kept_of_the_body_once_it_is_counted(aiops: Engine, store: ClueStore) -> None:
    from sqlalchemy import select

    from aiops.store.engine import reading
    from aiops.store.tables import ACCEPTED_BODIES

    accept(aiops, BATCH)
    work(store)
    with reading(aiops) as connection:
        assert connection.scalars(select(ACCEPTED_BODIES.c.body)).all() == [b""]


def test_old_minutes_go_before_templates(aiops: Engine, store: ClueStore) -> None:
    accept(aiops, BATCH)
    work(store)
    assert store.prune_minutes(minute(4)) == 2
    assert store.prune_minutes(minute(9)) == 2
    assert counts(store) == {}
    assert store.prune(minute(4)) == 1
    assert store.prune(minute(4) + timedelta(seconds=1)) == 1
    assert store.calls("prod") == ()


def test_where_nothing_was_ever_heard_there_is_no_window(store: ClueStore) -> None:
    assert store.window("prod", NEEDS, minute(9)) is None
    assert store.window("prod", None, minute(9)) is None


def test_a_recording_is_of_the_lines_and_traces_of_its_time(
    aiops: Engine, store: ClueStore
) -> None:
    early = TelemetryBatch(lines=(lines("no route to bank", at=1),))
    accept(aiops, BATCH, early)
    work(store)
    told, left_out = store.recorded("prod", minute(2), minute(9))
    assert left_out == 0
    assert told.traces == BATCH.traces
    assert [(one.service, one.minute, one.count) for one in told.lines] == [
        (one.service, one.minute, one.count) for one in BATCH.lines
    ]
    assert all(one.example.startswith("card ") for one in told.lines)
    assert store.recorded("staging", minute(2), minute(9)) == (TelemetryBatch(), 0)


def test_a_recording_takes_no_more_than_it_may(
    aiops: Engine, store: ClueStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiops.store.clues.MOST_RECORDED", 1)
    accept(aiops, BATCH, TelemetryBatch(lines=(lines("no route to bank", at=8),)))
    work(store)
    told, left_out = store.recorded("prod", minute(2), minute(9))
    assert len(told.lines) == 1
    assert left_out > 0
