"""What is over for long is forgotten; the newest number is never given out twice."""

from datetime import datetime

from sqlalchemy import Engine

from aiops.domain.digests import Digest
from aiops.domain.silences import Silence, parse_matcher
from aiops.domain.symptoms import Origin
from aiops.store.audit import AuditEntry
from aiops.store.digests import DigestStore
from aiops.store.silences import SilenceStore
from tests.builders import minute


def silence(store: SilenceStore, ends: datetime) -> str:
    made = Silence(
        matchers=(parse_matcher("service=checkout"),),
        starts_at=minute(0),
        ends_at=ends,
        author="ann",
        why="known",
        created_at=minute(0),
    )

    def entry(one: Silence) -> AuditEntry:
        return AuditEntry(at=minute(0), actor="ann", action="silence", subject=one.id)

    return store.add(made, entry).id


def digest(store: DigestStore, at: datetime) -> tuple[int, ...]:
    made = Digest(owner="shop", owner_title="Shop team", at=at, since=at, why="spent", entries=())
    return store.tell([], made, ["slack"], now=at, origin=Origin.LIVE)


def test_silences_that_ended_long_ago_are_forgotten_and_their_numbers_are_not_reused(
    aiops: Engine,
) -> None:
    store = SilenceStore(aiops)
    for end in (5, 50, 6):
        silence(store, minute(end))
    assert store.prune(minute(10)) == 1
    assert [one.id for one in store.all()] == ["SIL-2", "SIL-3"]
    assert store.prune(minute(99)) == 1
    assert store.prune(minute(99)) == 0
    assert silence(store, minute(200)) == "SIL-4"


def test_digests_that_were_made_long_ago_are_forgotten_and_the_next_is_told(
    aiops: Engine,
) -> None:
    store = DigestStore(aiops)
    for at in (5, 6, 50, 51):
        digest(store, minute(at))
    assert store.prune(minute(10)) == 2
    assert store.get("DIG-2") is None
    assert store.get("DIG-3") is not None
    assert store.prune(minute(99)) == 1
    assert digest(store, minute(120)), "a number that was told before would be told to nobody"
