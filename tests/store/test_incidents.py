import json
from dataclasses import replace

import pytest
from sqlalchemy import Engine, func, select, update

from aiops.domain.environment import EnvState
from aiops.domain.errors import DeliveryError, StaleStateError, StateFormatError, StoreError
from aiops.domain.incidents import IncidentState
from aiops.domain.symptoms import Origin, Symptom
from aiops.store.codec import encode_all
from aiops.store.engine import reading, writing
from aiops.store.incidents import IncidentStore
from aiops.store.outbox import Outbox
from aiops.store.outbox_tables import OUTBOX
from aiops.store.symptoms import SymptomStore
from aiops.store.tables import ENVIRONMENTS, INCIDENT_MEMBERS, INCIDENTS
from tests.builders import minute, series, symptom
from tests.store.makers import errors, fact, incident, notification, state_of

ERRORS = errors()
LATENCY = symptom(series("payment-service", "latency_seconds", unit="s"), at=4)


@pytest.fixture
def store(aiops: Engine) -> IncidentStore:
    return IncidentStore(aiops, origins=(Origin.LIVE,))


def rows_in(engine: Engine, table: object) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


def test_an_environment_begins_with_nothing_at_version_0(store: IncidentStore) -> None:
    assert store.load("prod") == (EnvState(env="prod", next_number=1001), 0)


def test_only_what_goes_on_and_has_adopted_pages_adopts(store: IncidentStore) -> None:
    adopting = replace(incident(), impacts=(), adopted=("pagerduty/Q1",))
    over = replace(adopting, id="INC-1003", state=IncidentState.MITIGATED)
    state = state_of(adopting, replace(incident(1002), impacts=()), over)
    store.commit(0, state, now=minute(5))
    assert store.adopting() == (adopting,)


def test_a_state_is_loaded_as_it_was_committed(store: IncidentStore) -> None:
    second = incident(1002, symptoms=(LATENCY,), state=IncidentState.RESOLVED, at=1)
    state = state_of(replace(incident(symptoms=(ERRORS,)), impacts=()), replace(second, impacts=()))
    store.commit(0, state, now=minute(5))
    assert store.load("prod") == (state, 1)
    less = replace(state, incidents=state.incidents[:1], at=minute(6))
    store.commit(1, less, now=minute(6))
    assert store.load("prod") == (less, 2)
    assert store.get("INC-1002") == replace(second, impacts=())


def test_a_commit_moves_everything_at_once(store: IncidentStore, aiops: Engine) -> None:
    symptoms = SymptomStore(aiops)
    facts = (fact(ERRORS, 4), fact(LATENCY, 5))
    symptoms.append_facts(facts)
    opened = replace(incident(symptoms=(ERRORS,)), impacts=())
    ids = store.commit(
        0,
        state_of(opened),
        correlated=facts[:1],
        revisions=[opened],
        notifications=[notification(), notification(sink="slack")],
        now=minute(5),
        traceparent="00-a",
    )
    assert len(ids) == 2
    assert symptoms.uncorrelated("prod", minute(60)) == facts[1:]
    assert store.revision("INC-1001", 1, 1) == opened
    told = Outbox(aiops).of_incident("INC-1001")
    assert [one.notification for one in told] == [notification(), notification(sink="slack")]


def test_of_two_commits_from_one_version_the_second_writes_nothing(
    store: IncidentStore, aiops: Engine
) -> None:
    first = replace(incident(symptoms=(ERRORS,)), impacts=())
    store.commit(0, state_of(first), now=minute(5))
    SymptomStore(aiops).append_facts([fact(LATENCY, 5)])
    for version in (0, 2):
        with pytest.raises(StaleStateError, match=f"moved on from version {version}"):
            store.commit(
                version,
                state_of(replace(first, title="Other"), incident(1002)),
                correlated=[fact(LATENCY, 5)],
                revisions=[incident(1002)],
                notifications=[notification()],
                now=minute(5),
            )
    assert store.load("prod") == (state_of(first), 1)
    assert store.get("INC-1002") is None
    assert SymptomStore(aiops).uncorrelated("prod", minute(9)) == (fact(LATENCY, 5),)
    assert rows_in(aiops, OUTBOX) == 0


def test_a_repeated_notification_is_one(store: IncidentStore, aiops: Engine) -> None:
    store.commit(0, state_of(incident()), notifications=[notification()], now=minute(5))
    assert (
        store.commit(1, state_of(incident()), notifications=[notification()], now=minute(6)) == ()
    )
    assert rows_in(aiops, OUTBOX) == 1


def test_a_page_goes_out_as_early_as_its_incident_says_by_now(
    store: IncidentStore, aiops: Engine
) -> None:
    waits = replace(incident(), paged_at=minute(6))
    calm = replace(incident(1002), paged_at=minute(6))
    notes = [notification(due=6), notification(due=6, number=1002)]
    store.commit(
        0, state_of(waits, calm), revisions=[waits, calm], notifications=notes, now=minute(5)
    )
    sooner = replace(waits, paged_at=minute(5.5))
    store.commit(1, state_of(sooner, calm), revisions=[sooner], now=minute(5.4))
    outbox = Outbox(aiops)
    due = [outbox.of_incident(name)[0].next_attempt_at for name in (waits.id, calm.id)]
    assert due == [minute(5.5), minute(6)]


def test_a_page_that_was_tried_is_not_hastened(store: IncidentStore, aiops: Engine) -> None:
    waits = replace(incident(), paged_at=minute(6))
    (row,) = store.commit(
        0, state_of(waits), revisions=[waits], notifications=[notification(due=4)], now=minute(3)
    )
    outbox = Outbox(aiops)
    taken = outbox.claim(row, now=minute(4), wall=minute(4), lease_seconds=30)
    assert taken is not None
    again = DeliveryError("503", retryable=True)
    outbox.failed(row, taken.token, again, wall=minute(4), next_attempt_at=minute(9))
    store.commit(1, state_of(waits), revisions=[waits], now=minute(5))
    assert outbox.of_incident(waits.id)[0].next_attempt_at == minute(9)


def test_a_told_revision_never_changes(store: IncidentStore) -> None:
    told = replace(incident(), impacts=())
    store.commit(0, state_of(told), revisions=[told], now=minute(5))
    later = replace(told, title="Later words")
    store.commit(1, state_of(later), revisions=[later], now=minute(6))
    assert store.revision("INC-1001", 1, 1) == told
    assert store.revisions("INC-1001") == (told,)
    assert store.get("INC-1001") == later


def test_a_symptom_is_in_one_open_incident_at_most(store: IncidentStore) -> None:
    both = state_of(incident(symptoms=(ERRORS,)), incident(1002, symptoms=(ERRORS,)))
    with pytest.raises(StoreError):
        store.commit(0, both, now=minute(5))
    assert store.load("prod")[1] == 0


def test_a_merge_moves_symptoms_to_the_survivor(store: IncidentStore, aiops: Engine) -> None:
    older, newer = incident(symptoms=(LATENCY,)), incident(1002, symptoms=(ERRORS,))
    store.commit(0, state_of(older, newer), now=minute(5))
    survivor = replace(older, symptoms=(ERRORS, LATENCY))
    link = replace(newer, state=IncidentState.MERGED, merged_into="INC-1001")
    # The link has left the state; it is stored as what changed.
    store.commit(1, state_of(survivor), revisions=[link, survivor], now=minute(6))
    merged = store.get("INC-1002")
    assert merged is not None
    assert merged.merged_into == "INC-1001"
    open_members = select(INCIDENT_MEMBERS.c.incident_id).where(INCIDENT_MEMBERS.c.is_open)
    with reading(aiops) as connection:
        assert connection.scalars(open_members).all() == ["INC-1001", "INC-1001"]
    store.commit(2, state_of(replace(survivor, symptoms=(ERRORS,))), now=minute(7))
    with reading(aiops) as connection:
        assert connection.scalars(open_members).all() == ["INC-1001"]


def test_numbers_of_incidents_are_unique_over_environments(store: IncidentStore) -> None:
    staging, version = store.load("staging")
    store.commit(0, state_of(incident()), now=minute(5))
    late = state_of(incident(staging.next_number, env="staging"), env="staging")
    with pytest.raises(StaleStateError, match="INC-1001 belongs to another environment"):
        store.commit(version, late, now=minute(5))
    assert store.load("staging") == (EnvState(env="staging", next_number=1002), 0)


def test_recent_incidents_are_live_unless_others_were_asked_for(
    store: IncidentStore, aiops: Engine
) -> None:
    live, older = incident(1001, at=5), incident(1003, at=2)
    drill = incident(1002, at=9, origin=Origin.DRILL)
    store.commit(0, state_of(older, live, drill), now=minute(9))
    assert [one.id for one in store.recent()] == ["INC-1001", "INC-1003"]
    assert [one.id for one in store.recent(limit=1)] == ["INC-1001"]
    drills = IncidentStore(aiops, origins=(Origin.DRILL,))
    assert [one.id for one in drills.recent()] == ["INC-1002"]
    assert rows_in(aiops, INCIDENTS) == 3


def test_it_says_how_far_an_environment_was_worked(store: IncidentStore) -> None:
    assert store.reached("prod") is None
    state = state_of(incident())
    store.commit(0, state, now=minute(5))
    assert store.reached("prod") == state.at
    assert store.reached("staging") is None


def test_incidents_that_were_over_by_then_are_left_out(store: IncidentStore) -> None:
    over = replace(incident(1002, at=1), state=IncidentState.RESOLVED, updated_at=minute(2))
    quiet, drill = incident(1004, at=1), incident(1003, origin=Origin.DRILL)
    one = replace(incident(symptoms=(ERRORS,)), updated_at=minute(30))
    store.commit(0, state_of(one, over, quiet, drill), now=minute(5))
    assert [found.id for found in store.since("prod", minute(3))] == ["INC-1004", "INC-1001"]
    assert store.since("staging", minute(3)) == ()


def test_the_facts_of_incidents_are_those_of_all_who_ever_belonged_to_them(
    store: IncidentStore, aiops: Engine
) -> None:
    symptoms = SymptomStore(aiops)
    facts = (fact(LATENCY, 5), fact(ERRORS, 4))
    symptoms.append_facts(facts)
    both, one = incident(symptoms=(ERRORS, LATENCY)), incident(symptoms=(ERRORS,), revision=2)
    store.commit(0, state_of(both), now=minute(5))
    store.commit(1, state_of(one), now=minute(6))
    assert symptoms.facts_of({"INC-1001"}) == facts[::-1]
    assert symptoms.facts_of({"INC-1002"}) == ()


def holding_one_of(first: Symptom, *others: Symptom) -> EnvState:
    """Make where an environment stands in which only the first symptom is in an incident."""
    state = state_of(replace(incident(symptoms=(first,)), impacts=()))
    return replace(state, symptoms=(first, *others))


def test_a_symptom_that_an_incident_holds_is_stored_there_and_nowhere_else(
    store: IncidentStore, aiops: Engine
) -> None:
    state = holding_one_of(ERRORS, LATENCY)
    store.commit(0, state, now=minute(5))
    with reading(aiops) as connection:
        text = connection.scalar(select(ENVIRONMENTS.c.symptoms))
    held, free = json.loads(text or "")
    assert (held, free["id"]) == (ERRORS.id, LATENCY.id)
    loaded, _ = IncidentStore(aiops).load("prod")
    assert loaded == state
    assert loaded.symptoms[0] is loaded.incidents[0].symptoms[0]


def test_an_older_copy_in_an_incident_that_is_over_stands_for_nothing(
    store: IncidentStore, aiops: Engine
) -> None:
    stronger = replace(ERRORS, strength=ERRORS.strength + 1)
    over = replace(incident(symptoms=(ERRORS,), state=IncidentState.RESOLVED), impacts=())
    state = replace(state_of(over), symptoms=(stronger,))
    store.commit(0, state, now=minute(5))
    assert IncidentStore(aiops).load("prod") == (state, 1)


def test_symptoms_of_an_environment_that_were_stored_whole_are_read(
    store: IncidentStore, aiops: Engine
) -> None:
    state = holding_one_of(ERRORS, LATENCY)
    store.commit(0, state, now=minute(5))
    with writing(aiops) as connection:
        whole = encode_all(Symptom, state.symptoms)
        connection.execute(update(ENVIRONMENTS).values(symptoms=whole))
    assert IncidentStore(aiops).load("prod") == (state, 1)


def test_a_symptom_that_is_nowhere_is_missed_by_name(store: IncidentStore, aiops: Engine) -> None:
    state = holding_one_of(ERRORS)
    store.commit(0, state, now=minute(5))
    with writing(aiops) as connection:
        connection.execute(update(ENVIRONMENTS).values(incident_ids="[]"))
    with pytest.raises(StateFormatError, match=ERRORS.id):
        IncidentStore(aiops).load("prod")
