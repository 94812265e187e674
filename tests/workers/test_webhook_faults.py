"""Webhooks that come twice and in any order, about many incidents at once.

`AIOPS_FAULT_INCIDENTS=1000` says so of a thousand incidents.
"""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

from aiops.domain.incidents import IncidentState
from aiops.domain.notifications import DeliveryAction
from aiops.store.audit import AuditLog
from tests.builders import minute
from tests.store.makers import incident, notification, state_of
from tests.workers.installation import HandClock, Installation, settings_in
from tests.workers.test_hearing import paging_shop
from tests.workers.test_listening import SINKS, WEBHOOK, deliver, webhook
from workers.listening import keep

COUNT = int(os.environ.get("AIOPS_FAULT_INCIDENTS", "12"))


def test_whatever_the_order_and_however_often_each_word_is_taken_and_told_once(
    tmp_path: Path, empty_redis_url: str
) -> None:
    names = [f"INC-{2000 + number}" for number in range(COUNT)]
    parts = Installation(
        settings_in(tmp_path, empty_redis_url, sinks=SINKS), HandClock(minute(20)), paging_shop()
    )
    known = [
        replace(incident(), id=name, symptoms=(), impacts=(), told=("pagerduty", "slack"))
        for name in names
    ]
    notes = [
        replace(notification(sink=sink, due=5), incident_id=name)
        for name in names
        for sink in ("pagerduty", "slack")
    ]
    parts.incidents.commit(0, state_of(*known), revisions=known, notifications=notes, now=minute(5))
    deliver(parts)
    for sink in parts.told.values():
        sink.sent.clear()
    words = [
        (f"{name}-{kind}", webhook(f"incident.{kind}", at=at, data=about(name)))
        for name in names
        for kind, at in (("acknowledged", 9), ("resolved", 12))
        for _ in range(2)
    ]
    Random(7).shuffle(words)  # noqa: S311 - the same order in every run
    for number, (key, body) in enumerate(words, 1):
        keep(parts, "pagerduty", key, body)
        if number % 50 == 0:
            parts.drain()
    deliver(parts)
    found = [parts.incidents.get(name) for name in names]
    assert {one and (one.state, one.acknowledged_at) for one in found} == {
        (IncidentState.MITIGATED, minute(9))
    }
    audit = AuditLog(parts._engine)
    assert {len(audit.entries(subject=name)) for name in names} == {2}
    ends = Counter(
        note.incident_id
        for note, _ in parts.told["slack"].sent
        if note.action is DeliveryAction.RESOLVE
    )
    assert ends == dict.fromkeys(names, 1)
    assert parts.told["pagerduty"].actions().count(DeliveryAction.RESOLVE) == 0
    parts.intake.__exit__(None, None, None)
    parts.dispose()


def about(name: str) -> dict[str, object]:
    return {**WEBHOOK["event"]["data"], "incident_key": f"{name}.1", "title": name}
