"""Requests are counted once, on either database, in the commit that says a batch is done."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from aiops.clues.digest import digest
from aiops.domain.clues import SpanCount, SpanParties, TelemetryBatch
from aiops.store.clues import ClueStore
from aiops.store.span_counts import SpanCountStore
from tests.builders import minute
from tests.ingest.test_span_metrics import counted
from tests.store.test_clues import accept


@pytest.fixture
def store(aiops: Engine) -> SpanCountStore:
    return SpanCountStore(aiops)


def batch(*counts: SpanCount) -> TelemetryBatch:
    return TelemetryBatch(heard=(("prod", minute(0)),), counts=counts)


def work(engine: Engine) -> None:
    clues = ClueStore(engine)
    waiting = clues.waiting(100)
    clues.commit(waiting, digest(waiting.kept, waiting.batches))


def test_counts_of_several_batches_add_up(aiops: Engine, store: SpanCountStore) -> None:
    accept(aiops, batch(counted(count=2), counted(failed=True, count=1)), batch(counted(count=3)))
    work(aiops)
    accept(aiops, batch(counted(count=4), counted(1)), first=5)
    work(aiops)
    found = store.between(minute(0), minute(1))
    assert [(one.failed, one.count) for one in found] == [(False, 9), (True, 1)]
    assert store.between(minute(1), minute(9)) == (counted(1),)


def test_who_was_there_is_told_once_with_the_newest_minute(
    aiops: Engine, store: SpanCountStore
) -> None:
    asked = counted(1, caller="shop", is_callers=True)
    accept(aiops, batch(counted(), counted(2), counted(2, bucket=9), asked))
    work(aiops)
    found = store.parties(minute(0), minute(9), 10)
    assert [(one.caller, one.is_callers, one.minute) for one in found] == [
        ("", False, minute(2)),
        ("shop", True, minute(1)),
    ]
    assert type(found[0]) is SpanParties
    assert store.parties(minute(0), minute(9), 1) == found[:1]
    assert store.parties(minute(3), minute(9), 10) == ()


def test_what_waits_is_told_by_when_it_came(aiops: Engine, store: SpanCountStore) -> None:
    assert store.waiting_since() is None
    accept(aiops, batch(counted()), source="otlp_traces")
    assert store.waiting_since() == minute(5)
    work(aiops)
    assert store.waiting_since() is None


def test_old_minutes_are_pruned(aiops: Engine, store: SpanCountStore) -> None:
    accept(aiops, batch(counted(), counted(9)))
    work(aiops)
    ClueStore(aiops).prune_minutes(minute(5))
    assert store.between(minute(0) - timedelta(days=1), minute(60)) == (counted(9),)
