from dataclasses import replace
from itertools import permutations

import pytest
from sqlalchemy import Engine

from aiops.domain.changes import Change
from aiops.store.changes import ChangeStore
from tests.builders import change, minute

START = replace(change(at=1), status="started", actor="ann")
END = replace(change(at=9), ended_at=minute(9), status="finished", description="done")
PLAN = replace(change(at=1), ended_at=minute(30), region="EU")
WHOLE = replace(START, ended_at=minute(9), status="finished", description="done")


@pytest.fixture
def store(aiops: Engine) -> ChangeStore:
    return ChangeStore(aiops)


def all_of(store: ChangeStore) -> tuple[Change, ...]:
    return store.known("prod", minute(-60), minute(60))


@pytest.mark.parametrize("order", list(permutations((START, END, PLAN))))
def test_start_end_and_plan_are_one_change_in_whatever_order(
    store: ChangeStore, order: tuple[Change, ...]
) -> None:
    for one in order:
        store.record(one, received_at=minute(10))
    assert all_of(store) == (replace(WHOLE, region="EU"),)


def test_the_same_report_again_changes_nothing(store: ChangeStore) -> None:
    assert store.record(START, received_at=minute(2)) == START
    assert store.record(END, received_at=minute(9)) == WHOLE
    assert store.record(START, received_at=minute(10)) == WHOLE
    assert store.record(END, received_at=minute(11)) == WHOLE
    assert all_of(store) == (WHOLE,)


def test_known_changes_begin_or_end_in_between(store: ChangeStore) -> None:
    older = change(at=-30, ref="older")
    lasting = replace(change(at=-30, ref="lasting"), ended_at=minute(5))
    for one in (START, older, lasting, replace(START, id="x", env="staging")):
        store.record(one, received_at=minute(2))
    assert store.known("prod", minute(0), minute(1)) == (lasting, START)
    assert store.known("prod", minute(0), minute(0.9)) == (lasting,)
    assert store.known("prod", minute(-40), minute(0)) == (lasting, older)
