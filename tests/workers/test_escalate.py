"""Pages nobody acknowledges, in a running installation: the next level once, also after a crash."""

from dataclasses import replace

import pytest

from aiops.domain.incidents import Incident
from aiops.domain.notifications import DeliveryAction
from aiops.domain.policies import EscalationLevel, Mode, PagingPolicy, Policies
from aiops.domain.words import Verb
from aiops.store.audit import AuditLog
from tests.builders import minute, shop
from tests.workers.installation import Installation, RecordingSink
from tests.workers.test_correlate import FIRST, add_shard, close, find, only, opened, over
from workers.hearing import say

PATH = (
    EscalationLevel(severity="P1", after_seconds=300, sinks=("leads",)),
    EscalationLevel(severity="P1", after_seconds=900, sinks=("managers",)),
)


@pytest.fixture
def prod(parts: Installation) -> Installation:
    """An environment whose one incident was paged at 10:04; nobody looks at it."""
    paging = PagingPolicy(
        mode=Mode.IN_PATH, page_sinks=("pagerduty",), ticket_sinks=(), escalation=PATH
    )
    parts._known = shop(policies=Policies(paging=paging))
    for name in ("leads", "managers"):
        parts.told[name] = RecordingSink(name)
    add_shard(parts, FIRST)
    close(parts, FIRST, 2)
    parts.correlate.run("prod")
    find(parts, opened())
    close(parts, FIRST, 4)
    go_on(parts, 4)
    return parts


def go_on(parts: Installation, until: float) -> None:
    parts.hand.at = max(minute(until), parts.hand.at)
    parts.correlate.run("prod")
    parts.escalate.run()
    parts.drain()
    parts.deliver.sweep()
    parts.drain()


def calls(parts: Installation) -> dict[str, int]:
    return {name: sink.actions().count(DeliveryAction.TRIGGER) for name, sink in parts.told.items()}


def test_levels_are_called_in_time_each_once(prod: Installation) -> None:
    go_on(prod, 8.9)
    assert calls(prod) == {"pagerduty": 1, "slack": 0, "leads": 0, "managers": 0}
    for at in (9, 9.2, 12):
        go_on(prod, at)
    assert calls(prod) == {"pagerduty": 1, "slack": 0, "leads": 1, "managers": 0}
    for at in (19, 25):
        go_on(prod, at)
    assert calls(prod) == {"pagerduty": 1, "slack": 0, "leads": 1, "managers": 1}
    said = [one for one in AuditLog(prod._engine).entries() if one.action == "escalate"]
    assert [one.detail.partition(":")[0] for one in reversed(said)] == ["level 1", "level 2"]


def test_who_acknowledges_stops_it(prod: Installation) -> None:
    say(prod, "INC-1001", Verb.ACKNOWLEDGE, by="ann")
    go_on(prod, 60)
    assert calls(prod)["leads"] == 0


def test_everybody_who_was_called_hears_of_the_end_once(prod: Installation) -> None:
    go_on(prod, 9)
    find(prod, over(10))
    for at in (10, 25):
        close(prod, FIRST, at)
        go_on(prod, at)
    for name in ("pagerduty", "leads"):
        assert prod.told[name].actions().count(DeliveryAction.RESOLVE) == 1
    assert prod.told["managers"].actions() == []


def test_two_workers_call_a_level_once(prod: Installation) -> None:
    prod.hand.at = minute(9)
    stale: Incident = only(prod)
    prod.escalate.run()
    assert prod.escalate._step(stale) is not None, "it does look as if nobody had been called"
    prod.escalate.run()
    prod.drain()
    go_on(prod, 9.5)
    assert calls(prod)["leads"] == 1


def test_only_open_pages_are_looked_at(prod: Installation) -> None:
    assert [one.id for one in prod.incidents.unacknowledged()] == ["INC-1001"]
    say(prod, "INC-1001", Verb.ACKNOWLEDGE, by="ann")
    assert prod.incidents.unacknowledged() == ()
    assert replace(only(prod)).acknowledged_by == "ann"
