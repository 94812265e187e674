"""What a person says of an incident, stored whatever correlation does meanwhile."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine, func, select

from aiops.domain.errors import InputError, StaleStateError
from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.marks import Mark, MarkKind
from aiops.domain.notifications import DeliveryAction, DeliveryState
from aiops.domain.outcomes import Outcome
from aiops.domain.words import Effect
from aiops.store.accepted import AcceptedBody, BodyStore
from aiops.store.audit import AuditEntry, AuditLog
from aiops.store.engine import reading
from aiops.store.incidents import IncidentStore
from aiops.store.marks import MarkStore
from aiops.store.memory import MemoryStore
from aiops.store.outbox import Outbox
from aiops.store.outbox_tables import OUTBOX
from aiops.store.words import Deed, WordStore
from tests.builders import minute, series, symptom
from tests.store.makers import errors, incident, notification, state_of

ERRORS = errors()
LATENCY = symptom(series("payment-service", "latency_seconds", unit="s"), at=4)
BY_ANN = AuditEntry(at=minute(9), actor="ann", action="acknowledge", subject="INC-1001")
OUTCOME = Outcome(incident_id="INC-1001", at=minute(9), judged_by="ann", real=False)
MARK = Mark(service="checkout", metric="p95", kind=MarkKind.NOISY, at=minute(9), by="ann")


@pytest.fixture
def incidents(aiops: Engine) -> IncidentStore:
    return IncidentStore(aiops)


@pytest.fixture
def words(aiops: Engine) -> WordStore:
    return WordStore(aiops)


def acknowledged(one: Incident) -> Deed:
    after = replace(
        one, state=IncidentState.ACKNOWLEDGED, acknowledged_by="ann", revision=one.revision + 1
    )
    told = (notification(after.revision, DeliveryAction.ACKNOWLEDGE),)
    return Deed(incident=after, effect=Effect.DONE, entry=BY_ANN, notifications=told)


def nothing_new(one: Incident) -> Deed:
    return Deed(incident=one, effect=Effect.ALREADY, entry=BY_ANN, is_news=False)


def ended(sink: str = "") -> Callable[[Incident], Deed]:
    def step(one: Incident) -> Deed:
        after = replace(one, state=IncidentState.MITIGATED, revision=one.revision + 1)
        return Deed(incident=after, effect=Effect.DONE, entry=BY_ANN, is_ended=True, ended_on=sink)

    return step


def rows_in(engine: Engine, table: object) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


def body(engine: Engine, source: str = "pagerduty", key: str = "pagerduty:one") -> int:
    accepted = AcceptedBody(
        idempotency_key=key,
        source=source,
        content_type="application/json",
        received_at=minute(9),
        body=b"{}",
    )
    return BodyStore(engine).accept([accepted])[key]


def states(engine: Engine) -> list[tuple[DeliveryAction, DeliveryState]]:
    found = Outbox(engine).of_incident("INC-1001")
    return [(one.notification.action, one.state) for one in found]


def test_a_person_and_correlation_lose_nothing_of_each_other(
    incidents: IncidentStore, words: WordStore, aiops: Engine
) -> None:
    incidents.commit(0, state_of(incident(symptoms=(ERRORS,))), now=minute(5))
    meanwhile = [state_of(replace(incident(symptoms=(ERRORS, LATENCY)), title="Both"), at=6)]

    def slow_step(one: Incident) -> Deed:
        if meanwhile:
            incidents.commit(1, meanwhile.pop(), now=minute(6))
        return acknowledged(one)

    after = words.take("INC-1001", slow_step).incident
    assert (after.title, after.acknowledged_by, len(after.symptoms)) == ("Both", "ann", 2)
    with pytest.raises(StaleStateError):
        incidents.commit(2, state_of(incident(symptoms=(ERRORS,))), now=minute(7))
    state, version = incidents.load("prod")
    assert version == 3
    assert state.incidents[0].acknowledged_by == "ann"
    assert AuditLog(aiops).entries(subject="INC-1001") == (BY_ANN,)
    told = incidents.revision("INC-1001", 1, 2)
    assert told is not None
    assert told.state is IncidentState.ACKNOWLEDGED
    assert rows_in(aiops, OUTBOX) == 1


def test_a_word_that_changes_nothing_moves_nothing_and_stands_in_the_audit_log(
    incidents: IncidentStore, words: WordStore, aiops: Engine
) -> None:
    as_is = replace(incident(), impacts=())
    incidents.commit(0, state_of(as_is), now=minute(5))
    assert words.take("INC-1001", nothing_new).incident == as_is
    assert incidents.load("prod")[1] == 1
    assert AuditLog(aiops).entries() == (BY_ANN,)


def test_a_word_that_always_comes_too_late_gives_up_in_words(
    incidents: IncidentStore, words: WordStore
) -> None:
    incidents.commit(0, state_of(incident()), now=minute(5))

    def overtaken(one: Incident) -> Deed:
        state, version = incidents.load("prod")
        incidents.commit(version, state, now=minute(6))
        return acknowledged(one)

    with pytest.raises(StaleStateError, match="INC-1001 kept changing"):
        words.take("INC-1001", overtaken)


def test_a_word_on_an_unknown_incident_says_so(incidents: IncidentStore, words: WordStore) -> None:
    with pytest.raises(InputError, match="there is no incident INC-7"):
        words.take("INC-7", acknowledged)
    assert incidents.get("INC-7") is None
    assert incidents.revision("INC-7", 1, 1) is None


def test_what_a_word_says_of_the_end_is_kept_with_it(
    incidents: IncidentStore, words: WordStore, aiops: Engine
) -> None:
    incidents.commit(0, state_of(incident()), now=minute(5))
    words.take("INC-1001", lambda one: replace(acknowledged(one), outcome=OUTCOME, marks=(MARK,)))
    assert MemoryStore(aiops).outcomes("INC-1001") == (OUTCOME,)
    assert MarkStore(aiops).all() == (MARK,)


@pytest.mark.parametrize("failing", ["write_entry", "write_marks", "add_notifications"])
def test_a_word_that_breaks_off_leaves_nothing_behind(
    incidents: IncidentStore,
    words: WordStore,
    aiops: Engine,
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
) -> None:
    incidents.commit(0, state_of(incident()), now=minute(5))
    number = body(aiops)

    def torn(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    def step(one: Incident) -> Deed:
        return replace(acknowledged(one), outcome=OUTCOME, marks=(MARK,))

    with monkeypatch.context() as patch:
        patch.setattr(f"aiops.store.words.{failing}", torn)
        with pytest.raises(KeyboardInterrupt):
            words.take("INC-1001", step, body_id=number)
    assert incidents.load("prod")[1] == 1
    assert (words.waiting(), rows_in(aiops, OUTBOX)) == ((number,), 0)
    assert MemoryStore(aiops).outcomes("INC-1001") == ()
    words.take("INC-1001", step, body_id=number)
    assert (words.waiting(), rows_in(aiops, OUTBOX)) == ((), 1)


def test_the_body_that_brought_a_word_is_heard_once(
    incidents: IncidentStore, words: WordStore, aiops: Engine
) -> None:
    incidents.commit(0, state_of(incident()), now=minute(5))
    number, _ = body(aiops), body(aiops, "otlp_logs", "another")
    assert words.waiting() == (number,)
    words.take("INC-1001", acknowledged, body_id=number)
    with pytest.raises(StaleStateError, match="heard already"):
        words.take("INC-1001", acknowledged, body_id=number)
    assert incidents.load("prod")[1] == 2
    assert rows_in(aiops, OUTBOX) == 1


def test_nobody_is_called_for_what_a_person_ended_before_its_page_went_out(
    incidents: IncidentStore, words: WordStore, aiops: Engine
) -> None:
    page = [notification(due=20)]
    incidents.commit(0, state_of(incident()), notifications=page, now=minute(5))
    words.take("INC-1001", ended())
    assert states(aiops) == [(DeliveryAction.TRIGGER, DeliveryState.SUPERSEDED)]


def test_the_pager_it_was_ended_on_is_sent_nothing_that_would_call_again(
    incidents: IncidentStore, words: WordStore, aiops: Engine
) -> None:
    incidents.commit(0, state_of(incident()), notifications=[notification()], now=minute(5))
    outbox = Outbox(aiops)
    first = outbox.due(minute(6), minute(6))[0]
    claim = outbox.claim(first, now=minute(6), wall=minute(6), lease_seconds=30)
    assert claim is not None
    outbox.delivered(first, claim.token, {}, now=minute(6))
    news = [notification(2, DeliveryAction.UPDATE)]
    incidents.commit(1, state_of(incident(revision=2)), notifications=news, now=minute(6))
    words.take("INC-1001", ended("pagerduty"))
    assert states(aiops) == [
        (DeliveryAction.TRIGGER, DeliveryState.DELIVERED),
        (DeliveryAction.UPDATE, DeliveryState.SUPERSEDED),
    ]


def test_what_is_on_its_way_to_the_pager_it_was_ended_on_is_followed_by_the_end(
    incidents: IncidentStore, words: WordStore, aiops: Engine
) -> None:
    incidents.commit(0, state_of(incident()), notifications=[notification()], now=minute(5))
    outbox = Outbox(aiops)
    outbox.claim(
        outbox.due(minute(6), minute(6))[0], now=minute(6), wall=minute(6), lease_seconds=9
    )
    words.take("INC-1001", ended("pagerduty"))
    assert states(aiops) == [
        (DeliveryAction.TRIGGER, DeliveryState.SENDING),
        (DeliveryAction.RESOLVE, DeliveryState.PENDING),
    ]
