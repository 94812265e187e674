"""What is beyond an owner's budget reaches them in one message, whatever happens on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from aiops.domain.digests import Digest
from aiops.domain.incidents import Reason
from aiops.domain.notifications import DeliveryState, Notification
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.domain.symptoms import FactKind, Symptom, SymptomFact
from aiops.store.audit import AuditLog
from aiops.store.digests import DigestStore
from tests.builders import ended, minute, series, shop, symptom
from tests.workers.installation import Installation, RecordingSink
from tests.workers.test_correlate import FIRST, add_shard, close, find

BOTH = ("pagerduty", "slack")
ONE_A_DAY = PagingPolicy(
    mode=Mode.IN_PATH, alerts_per_day=1, digest_seconds=3000, page_sinks=BOTH, ticket_sinks=BOTH
)
SICK = ("search", "inventory", "mail")


def trouble(service: str, at: float) -> list[Symptom]:
    """Make what a service looks like that fails and is slow."""
    return [
        symptom(series(service, "error_ratio", unit="1"), at=at, before=0.001, observed=0.4),
        symptom(series(service, "latency_seconds", unit="s"), at=at, before=0.1, observed=3.0),
    ]


@dataclass
class Channel(RecordingSink):
    """A sink that takes digests, too."""

    def digest_payload(
        self, digest: Digest, notification: Notification, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        return {"title": digest.title, "ids": [one.incident_id for one in digest.entries]}


@pytest.fixture
def prod(parts: Installation) -> Installation:
    """An environment whose owner gets one alert a day; three services that have nothing in common
    become slow one after the other."""
    parts._known = shop(policies=Policies(paging=ONE_A_DAY))
    parts.told["slack"] = Channel("slack")
    add_shard(parts, FIRST)
    close(parts, FIRST, 2)
    parts.correlate.run("prod")
    parts.tasks.tasks.clear()
    for number, service in enumerate(SICK):
        begin = 3 + 30 * number
        found = [
            SymptomFact(kind=FactKind.OPENED, at=minute(begin + 1), symptom=one)
            for one in trouble(service, begin)
        ]
        find(parts, found)
        go_on(parts, begin + 1)
    return parts


def go_on(parts: Installation, until: float) -> None:
    close(parts, FIRST, until)
    parts.correlate.run("prod")
    parts.digesting.run()
    parts.drain()
    parts.deliver.sweep()
    parts.drain()


def digests(parts: Installation) -> list[Mapping[str, Any]]:
    return [payload for _, payload in parts.told["slack"].sent if "ids" in payload]


def test_one_is_told_by_itself_and_the_rest_in_one_message_once(prod: Installation) -> None:
    held = [one.id for one in prod.incidents.recent() if one.decision_reason is Reason.BUDGET_SPENT]
    assert len(held) == 2
    assert [one.incident_id for one in prod.digests.waiting()] == sorted(held)
    for at in (70, 80, 90):
        go_on(prod, at)
    assert sorted(name for one in digests(prod) for name in one["ids"]) == sorted(held)
    assert prod.digests.waiting() == ()
    assert len(prod.told["pagerduty"].sent) == 1
    (entry,) = AuditLog(prod._engine).entries(subject="DIG-1")
    assert (entry.actor, entry.action) == ("aiops", "digest")


def test_what_is_over_before_the_digest_is_in_it_all_the_same(prod: Installation) -> None:
    gone = [ended(one, 66) for one in trouble(SICK[2], 63)]
    find(prod, [SymptomFact(kind=FactKind.ENDED, at=minute(66), symptom=one) for one in gone])
    for at in (66, 90):
        go_on(prod, at)
    assert len([name for one in digests(prod) for name in one["ids"]]) == 2


def test_without_a_sink_for_digests_any_more_nothing_that_waits_is_lost(prod: Installation) -> None:
    waiting = prod.digests.waiting()
    no_digests = replace(ONE_A_DAY, digest_sinks=())
    prod._known = shop(policies=Policies(paging=no_digests))
    for at in (140, 150):
        go_on(prod, at)
    assert prod.digests.waiting() == waiting
    told = {payload["title"] for _, payload in prod.told["slack"].sent}
    assert len(told) == len(SICK), "what is alive is told by itself"


def test_what_waits_is_never_forgotten_and_what_was_told_is(prod: Installation) -> None:
    waiting = prod.digests.waiting()
    prod.digests.prune(minute(100_000))
    assert prod.digests.waiting() == waiting
    prod.digests.tell(waiting, None, [], now=minute(8), origin=prod.settings.origin)
    assert prod.digests.prune(minute(100_000)) == len(waiting)


def test_two_workers_make_one_digest(prod: Installation) -> None:
    prod.hand.move(7200)
    waiting = prod.digests.waiting()
    assert waiting
    other = DigestStore(prod._engine)
    prod.digesting._digests = Racing(prod.digests, other, waiting)
    prod.digesting.run()
    prod.drain()
    records = [
        one
        for one in prod.outbox.records([DeliveryState.DELIVERED, DeliveryState.PENDING], 100)
        if one.notification.incident_id.startswith("DIG-")
    ]
    assert records == [], "the other one tells of it"
    assert prod.digests.waiting() == ()


class Racing(DigestStore):
    """A store in which another worker tells of everything just before."""

    def __init__(self, mine: DigestStore, other: DigestStore, waiting: Any) -> None:
        self._mine, self._other, self._first = mine, other, waiting

    def waiting(self) -> Any:
        return self._first

    def tell(self, held: Any, digest: Any, sinks: Any, **more: Any) -> tuple[int, ...]:
        self._other.tell(held, None, sinks, **more)
        return self._mine.tell(held, digest, sinks, **more)


def test_a_sink_that_takes_no_digests_says_so(prod: Installation) -> None:
    prod.told["slack"] = RecordingSink("slack")
    prod.__dict__.pop("deliver", None)
    go_on(prod, 90)
    (dead, *_) = prod.outbox.records([DeliveryState.DEAD])
    assert "takes no digest" in dead.dead_reason
