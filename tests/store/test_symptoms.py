from dataclasses import replace
from itertools import permutations

import pytest
from sqlalchemy import Engine

from aiops.domain.symptoms import FactKind, SymptomState
from aiops.store.engine import writing
from aiops.store.symptoms import SymptomStore, mark_correlated
from tests.builders import ended, minute, series, symptom
from tests.store.makers import errors, fact


@pytest.fixture
def store(aiops: Engine) -> SymptomStore:
    return SymptomStore(aiops)


OPENED = errors()
STRONGER = replace(OPENED, strength=50.0)
FACTS = (
    fact(OPENED, 4),
    fact(STRONGER, 6, FactKind.STRENGTHENED),
    fact(ended(STRONGER, 20), 20, FactKind.ENDED),
)


def test_facts_come_back_in_the_order_of_their_ticks(store: SymptomStore) -> None:
    store.append_facts(FACTS[::-1])
    assert store.uncorrelated("prod", minute(60)) == FACTS
    assert store.uncorrelated("prod", minute(6)) == FACTS[:2]
    assert store.uncorrelated("staging", minute(60)) == ()
    assert store.envs_with_uncorrelated() == ("prod",)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_symptom_ends_up_the_same_in_whatever_order_its_facts_come(
    store: SymptomStore, order: tuple[int, ...]
) -> None:
    for number in order:
        store.append_facts([FACTS[number]])
        store.append_facts([FACTS[number]])
    assert store.open_symptoms("prod") == ()
    assert store.uncorrelated("prod", minute(60)) == FACTS


def test_of_two_facts_at_one_tick_the_later_kind_holds(store: SymptomStore) -> None:
    withdrawn = replace(OPENED, state=SymptomState.WITHDRAWN)
    store.append_facts([fact(withdrawn, 4, FactKind.WITHDRAWN)])
    store.append_facts([fact(OPENED, 4)])
    assert store.open_symptoms("prod") == ()


def test_a_repeated_fact_that_was_correlated_stays_so(store: SymptomStore, aiops: Engine) -> None:
    store.append_facts(FACTS[:2])
    with writing(aiops) as connection:
        mark_correlated(connection, FACTS[:1])
    store.append_facts(FACTS)
    assert store.uncorrelated("prod", minute(60)) == FACTS[1:]


def test_open_symptoms_are_as_their_newest_fact_left_them(store: SymptomStore) -> None:
    other = symptom(series("db", "connections", env="staging"))
    store.append_facts([*FACTS[:2], fact(other, 4)])
    assert store.open_symptoms("prod") == (STRONGER,)
    assert store.open_symptoms("staging") == (other,)


def test_the_trace_of_the_oldest_waiting_fact_goes_on(store: SymptomStore, aiops: Engine) -> None:
    assert store.traceparent("prod") == ""
    store.append_facts(FACTS[:1], "00-a")
    store.append_facts(FACTS[1:], "00-b")
    assert store.traceparent("prod") == "00-a"
    with writing(aiops) as connection:
        mark_correlated(connection, FACTS[:1])
    assert store.traceparent("prod") == "00-b"


def test_no_facts_are_no_work(store: SymptomStore) -> None:
    store.append_facts([])
    assert store.envs_with_uncorrelated() == ()


def test_old_facts_go_once_they_are_correlated(store: SymptomStore, aiops: Engine) -> None:
    store.append_facts(FACTS)
    with writing(aiops) as connection:
        mark_correlated(connection, (FACTS[0], FACTS[2]))
    assert store.prune(minute(6.5)) == 1
    assert store.uncorrelated("prod", minute(60)) == FACTS[1:2]
