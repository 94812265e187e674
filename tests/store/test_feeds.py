"""Minutes of feeds, as rows."""

import pytest
from sqlalchemy import Engine

from aiops.domain.feeds import DOOR, Feed
from aiops.domain.time import utc
from aiops.store.feeds import FeedStore

LOGS = Feed(source="otlp_logs", env="prod")
FIRST = 1000


@pytest.fixture
def store(history: Engine) -> FeedStore:
    return FeedStore(history)


def test_counts_of_one_minute_add_up(store: FeedStore) -> None:
    store.add({(LOGS, FIRST): 3, (LOGS, FIRST + 1): 4, (DOOR, FIRST): 1})
    store.add({(LOGS, FIRST): 10})
    assert store.minutes(LOGS, [(FIRST, FIRST + 5)]) == {FIRST: 13, FIRST + 1: 4}


def test_only_the_stretches_that_are_asked_for_are_read(store: FeedStore) -> None:
    store.add({(LOGS, FIRST + number): 1 for number in range(10)})
    found = store.minutes(LOGS, [(FIRST, FIRST + 1), (FIRST + 8, FIRST + 8)])
    assert list(found) == [FIRST, FIRST + 1, FIRST + 8]


def test_feeds_are_known_with_their_first_and_last_minute(store: FeedStore) -> None:
    store.add({(LOGS, FIRST): 1, (LOGS, FIRST + 9): 1, (DOOR, FIRST): 1})
    assert store.spans() == {
        DOOR: (utc(FIRST * 60), utc(FIRST * 60)),
        LOGS: (utc(FIRST * 60), utc((FIRST + 9) * 60)),
    }


def test_old_minutes_are_forgotten(store: FeedStore) -> None:
    store.add({(LOGS, FIRST): 1, (LOGS, FIRST + 9): 1})
    assert store.prune(utc((FIRST + 9) * 60)) == 1
    assert list(store.minutes(LOGS, [(0, 2 * FIRST)])) == [FIRST + 9]
