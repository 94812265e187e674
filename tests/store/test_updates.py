"""A status update is stored with its notification, its revision and its audit entry, or not."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from aiops.domain.errors import StoreError
from aiops.domain.incidents import Incident
from aiops.domain.status_updates import StatusUpdate
from aiops.domain.words import Effect
from aiops.store.audit import AuditEntry, AuditLog
from aiops.store.incidents import IncidentStore
from aiops.store.outbox import Outbox
from aiops.store.updates import StatusUpdateStore
from aiops.store.words import Deed, WordStore
from tests.builders import minute
from tests.store.makers import errors, incident, notification, state_of

BY_ANN = AuditEntry(at=minute(9), actor="ann", action="status update", subject="INC-1001")


def update(revision: int) -> StatusUpdate:
    return StatusUpdate(
        incident_id="INC-1001",
        episode=1,
        revision=revision,
        sink="slack",
        text="We know why:\n“größer” & <b>",
        by="ann",
        at=minute(9),
        public=True,
    )


def deed(one: Incident, number: int) -> Deed:
    said = update(number)
    told = replace(notification(number, sink="slack updates"), incident_id=said.id, revision=number)
    return Deed(
        incident=replace(one, revision=one.revision + 1),
        effect=Effect.DONE,
        entry=BY_ANN,
        notifications=(told,),
        update=said,
    )


@pytest.fixture
def words(aiops: Engine) -> WordStore:
    IncidentStore(aiops).commit(0, state_of(incident(symptoms=(errors(),))), now=minute(5))
    return WordStore(aiops)


def test_it_comes_back_word_for_word(aiops: Engine, words: WordStore) -> None:
    words.take("INC-1001", lambda one: deed(one, 2))
    store = StatusUpdateStore(aiops)
    assert store.get("UPD-INC-1001", 2) == update(2)
    assert store.get("UPD-INC-1001", 3) is None
    (record,) = Outbox(aiops).of_incident("UPD-INC-1001")
    assert (record.notification.sink, record.notification.revision) == ("slack updates", 2)
    assert AuditLog(aiops).entries(subject="INC-1001") == (BY_ANN,)


def test_a_number_that_is_taken_stores_nothing_at_all(aiops: Engine, words: WordStore) -> None:
    words.take("INC-1001", lambda one: deed(one, 2))
    with pytest.raises(StoreError):
        words.take("INC-1001", lambda one: deed(one, 2))
    held = IncidentStore(aiops).get("INC-1001")
    assert held is not None
    assert held.revision == 2
    assert len(Outbox(aiops).of_incident("UPD-INC-1001")) == 1
    assert len(AuditLog(aiops).entries()) == 1
