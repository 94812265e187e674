"""Planned work in the store: the last word of a source counts, and a person's over its echo."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from aiops.domain.changes import ChangeKind
from aiops.domain.errors import InputError
from aiops.domain.maintenance import Maintenance, changes_of, revised, said
from aiops.store.audit import AuditEntry, AuditLog
from aiops.store.changes import ChangeStore
from aiops.store.maintenance import Announced, MaintenanceStore, Taken
from tests.builders import change as deploy
from tests.builders import minute

WORK = Maintenance(
    key="CHG-7",
    source="calendar",
    services=("orders-db", "checkout"),
    regions=("EU", "US"),
    starts_at=minute(10),
    ends_at=minute(70),
    title="CHG-7: new disks",
)


def tell(made: Announced) -> AuditEntry:
    return AuditEntry(at=minute(0), actor="x", action=made.taken, subject=made.window.id)


def announce(store: MaintenanceStore, *windows: Maintenance) -> list[Taken]:
    return [one.taken for one in store.announce(windows, tell)]


def announced(store: MaintenanceStore, window: Maintenance) -> str:
    return store.announce([window], tell)[0].window.id


def by(who: str, at: float) -> AuditEntry:
    return AuditEntry(at=minute(at), actor=who, action="end maintenance", subject="")


def test_the_same_words_again_are_one_window_and_one_line_in_the_audit_log(aiops: Engine) -> None:
    store = MaintenanceStore(aiops)
    assert announce(store, WORK, WORK) == [Taken.ADDED, Taken.KNOWN]
    assert announce(store, WORK) == [Taken.KNOWN]
    (kept,) = store.unexpired(minute(0))
    assert kept == replace(WORK, id=kept.id)
    assert [one.action for one in AuditLog(aiops).entries(subject=kept.id)] == ["added"]


def test_two_sources_may_have_the_same_key(aiops: Engine) -> None:
    store = MaintenanceStore(aiops)
    assert announce(store, WORK, replace(WORK, source="other")) == [Taken.ADDED] * 2


def test_a_window_that_moves_moves_for_correlation_too(aiops: Engine) -> None:
    store, changes = MaintenanceStore(aiops), ChangeStore(aiops)
    announce(store, WORK)
    assert announce(store, replace(WORK, ends_at=minute(20))) == [Taken.CHANGED]
    found = changes.known("prod", minute(0), minute(90))
    assert {(one.service, one.region, one.ended_at) for one in found} == {
        (service, region, minute(20)) for service in WORK.services for region in WORK.regions
    }
    assert {one.kind for one in found} == {ChangeKind.MAINTENANCE}
    assert changes.known("prod", minute(21), minute(90)) == ()
    assert changes.known("staging", minute(0), minute(90)) == ()


def test_planned_work_stands_between_what_was_reported_by_start(aiops: Engine) -> None:
    changes = ChangeStore(aiops)
    announce(MaintenanceStore(aiops), replace(WORK, services=("*",), regions=()))
    for at in (5, 15):
        made = replace(deploy("checkout", at=at), id=f"ch-{at}")
        changes.record(made, received_at=minute(20))
    kinds = [(one.kind, one.service) for one in changes.known("prod", minute(0), minute(90))]
    assert kinds == [("deploy", "checkout"), ("maintenance", ""), ("deploy", "checkout")]
    assert len(changes.reported("prod", minute(0), minute(90))) == 2


def test_what_is_cancelled_is_no_change_any_more_and_may_come_back(aiops: Engine) -> None:
    store, changes = MaintenanceStore(aiops), ChangeStore(aiops)
    announce(store, WORK)
    gone = replace(WORK, is_cancelled=True)
    assert announce(store, gone, gone) == [Taken.CANCELLED, Taken.KNOWN]
    assert changes.known("prod", minute(0), minute(90)) == ()
    assert store.unexpired(minute(0)) == ()
    assert announce(store, WORK) == [Taken.CHANGED]
    assert len(changes.known("prod", minute(0), minute(90))) == 4


def test_an_older_word_never_replaces_a_newer_one(aiops: Engine) -> None:
    store = MaintenanceStore(aiops)
    old = replace(WORK, revised_at=minute(1))
    new = replace(WORK, revised_at=minute(2), is_cancelled=True)
    assert announce(store, old, new, old) == [Taken.ADDED, Taken.CANCELLED, Taken.KNOWN]


def test_a_cancellation_that_comes_first_holds_against_the_older_announcement(
    aiops: Engine,
) -> None:
    store = MaintenanceStore(aiops)
    new = replace(WORK, revised_at=minute(2), is_cancelled=True)
    announce(store, new, replace(WORK, revised_at=minute(1)))
    assert store.unexpired(minute(0)) == ()


def test_what_a_person_ended_stays_over_while_its_source_repeats_itself(aiops: Engine) -> None:
    store = MaintenanceStore(aiops)
    name = announced(store, WORK)
    assert store.end(name.lower(), by("ann", 30)).ends_at == minute(30)
    assert announce(store, WORK) == [Taken.KNOWN]
    assert store.unexpired(minute(31)) == ()
    assert announce(store, replace(WORK, ends_at=minute(99))) == [Taken.CHANGED]
    assert [one.ended_by for one in store.unexpired(minute(31))] == [""]


def test_what_has_not_begun_does_not_take_place_once_it_is_ended(aiops: Engine) -> None:
    store = MaintenanceStore(aiops)
    name = announced(store, WORK)
    over = store.end(name, by("ann", 5))
    assert (over.is_cancelled, over.ended_by, over.ends_at) == (True, "ann", minute(70))
    with pytest.raises(InputError, match="cancelled already"):
        store.end(name, by("ann", 6))
    (entry, _) = AuditLog(aiops).entries(subject=name)
    assert (entry.actor, entry.action) == ("ann", "end maintenance")


@pytest.mark.parametrize(
    ("name", "says"), [("MNT-9", "no window MNT-9"), ("nine", "is no window"), ("", "no window")]
)
def test_what_is_no_window_cannot_be_ended(aiops: Engine, name: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        MaintenanceStore(aiops).end(name, by("ann", 5))


def test_of_a_source_that_says_all_there_is_the_rest_is_cancelled_unless_it_is_over(
    aiops: Engine,
) -> None:
    store = MaintenanceStore(aiops)
    past = replace(WORK, key="past", starts_at=minute(-9), ends_at=minute(-1))
    other = replace(WORK, source="other")
    announce(store, WORK, past, replace(WORK, key="gone"), other)
    found = store.replace_all("calendar", [WORK], tell, now=minute(0))
    assert [(one.window.key, one.taken) for one in found] == [
        ("CHG-7", Taken.KNOWN),
        ("gone", Taken.CANCELLED),
    ]
    standing = {(one.source, one.key) for one in store.all() if not one.is_cancelled}
    assert standing == {("calendar", "CHG-7"), ("calendar", "past"), ("other", "CHG-7")}
    assert store.replace_all("calendar", [WORK], tell, now=minute(0))[0].taken is Taken.KNOWN


def test_what_ended_long_ago_is_forgotten_and_its_number_is_not_given_out_again(
    aiops: Engine,
) -> None:
    store = MaintenanceStore(aiops)
    *_, newest = [announced(store, replace(WORK, key=key)) for key in "aabbcc"]
    assert store.prune(minute(71)) == 2
    number = int(newest.removeprefix("MNT-"))
    assert announced(store, replace(WORK, key="d")) == f"MNT-{number + 1}"
    assert [one.key for one in store.all()] == ["c", "d"]


@given(st.permutations([0, 1, 2, 3]), st.data())
def test_revised_words_in_any_order_and_repeated_come_to_the_newest(
    order: list[int], data: st.DataObject
) -> None:
    words = [
        replace(
            WORK,
            revised_at=minute(at),
            ends_at=minute(70) + timedelta(minutes=at),
            is_cancelled=at == data.draw(st.integers(-1, 3)),
        )
        for at in range(4)
    ]
    known, before = None, ""
    for at in [*order, *data.draw(st.lists(st.sampled_from(order)))]:
        after = revised(known, words[at], before)
        if after is not None:
            known, before = after, said(words[at])
    assert known is not None
    assert known.revised_at == minute(3)
    assert known.is_cancelled == words[3].is_cancelled
    if not known.is_cancelled:
        assert known == words[3]


def test_the_changes_of_a_window_keep_their_ids_when_it_moves() -> None:
    moved = replace(WORK, starts_at=minute(20), title="other")
    assert [one.id for one in changes_of(WORK)] == [one.id for one in changes_of(moved)]
    assert len({one.id for one in changes_of(WORK)}) == 4
    assert json.dumps([one.service for one in changes_of(replace(WORK, services=("*",)))]) == (
        '["", ""]'
    )
