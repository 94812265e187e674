"""The index of ended incidents as it is kept."""

import pytest
from sqlalchemy import Engine, update

from aiops.correlate.archive import archive_of, nearest
from aiops.correlate.signature import vector
from aiops.domain.errors import StateFormatError
from aiops.domain.outcomes import Archive, PastIncident
from aiops.domain.symptoms import Origin
from aiops.store.archives import ArchiveStore
from aiops.store.engine import writing
from aiops.store.history_tables import ARCHIVES
from tests.builders import minute

SEEN = ("checkout|errors|up", "payments-db|errors|up")


@pytest.fixture
def store(history: Engine) -> ArchiveStore:
    return ArchiveStore(history)


def archive(count: int = 3) -> Archive:
    return archive_of(
        [
            PastIncident(
                incident_id=f"INC-{number}",
                ended_at=minute(number),
                signature=SEEN,
                cause_service="payments-db",
            )
            for number in range(count)
        ],
        bar=0.7,
    )


def loaded(store: ArchiveStore) -> Archive:
    standing = store.standing()
    assert standing is not None
    found = store.load(standing.number)
    assert found is not None
    return found


def test_it_comes_back_as_it_was_and_finds_the_same(store: ArchiveStore) -> None:
    store.save(archive(), judged=7)
    found, seen = loaded(store), vector(SEEN)
    assert (found.past, found.tokens, found.bar) == (archive().past, archive().tokens, 0.7)
    assert nearest(seen, found) == nearest(seen, archive())
    standing = store.standing()
    assert standing is not None
    assert standing.judged == 7


def test_a_new_one_takes_the_place_of_the_one_before(store: ArchiveStore) -> None:
    assert store.standing() is None
    store.save(archive(), judged=7)
    first = store.standing()
    store.save(archive(5), judged=9)
    assert store.standing() != first
    assert len(loaded(store).past) == 5


def test_one_of_nothing_can_be_kept(store: ArchiveStore) -> None:
    store.save(archive(0), judged=0)
    assert nearest(vector(SEEN), loaded(store)) == []


def test_one_of_another_form_is_as_good_as_none(store: ArchiveStore, history: Engine) -> None:
    store.save(archive(), judged=7)
    with writing(history) as connection:
        connection.execute(update(ARCHIVES).values(form="0"))
    assert store.standing() is None


def test_a_damaged_one_is_named(store: ArchiveStore, history: Engine) -> None:
    store.save(archive(), judged=7)
    with writing(history) as connection:
        connection.execute(update(ARCHIVES).values(blob=b"AIOD"))
    with pytest.raises(StateFormatError, match="archive blob"):
        loaded(store)


def test_a_demos_archive_is_not_the_live_one(store: ArchiveStore, history: Engine) -> None:
    ArchiveStore(history, origin=Origin.DEMO).save(archive(), judged=7)
    assert store.standing() is None
