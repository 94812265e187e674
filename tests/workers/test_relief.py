"""A sink that has too much to tell tells the worst one by one, and the rest in one message."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from aiops.domain.digests import Digest
from aiops.domain.environment import EnvState
from aiops.domain.incidents import Incident, Severity
from aiops.domain.notifications import DeliveryAction, DeliveryState, Notification
from aiops.domain.pacing import Rate
from aiops.domain.silences import Silence, parse_matcher
from aiops.domain.symptoms import Origin
from aiops.route.notifications import notification
from aiops.store.audit import AuditEntry
from tests.builders import minute, series, symptom
from tests.store.makers import incident
from tests.workers.installation import HandClock, Installation, RecordingSink

ROOM = 3
NOW = minute(5)


@dataclass
class Channel(RecordingSink):
    """A sink that takes digests, too."""

    def digest_payload(
        self, digest: Digest, notification: Notification, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        return {"why": digest.why, "ids": [one.incident_id for one in digest.entries]}


@pytest.fixture
def crowd(parts: Installation) -> Installation:
    """A channel that takes three messages a minute, and a pager that does so too."""
    parts.told["slack"] = Channel("slack", rate=Rate(per_minute=ROOM))
    parts.told["pagerduty"] = RecordingSink("pagerduty", rate=Rate(per_minute=ROOM))
    parts.hand.at = NOW
    parts.wall = HandClock(NOW)
    return parts


def decide(
    parts: Installation, count: int, *, urgent: int = 0, sink: str = "slack", owner: str = "shop"
) -> list[Incident]:
    """Decide to call for so many incidents, the last of them P1."""
    decided = []
    for number in range(count):
        severity = Severity.P1 if number >= count - urgent else Severity.P3
        one = replace(
            incident(
                2000 + number,
                env=f"env-{number}",
                symptoms=(symptom(series(f"svc-{number}", "error_ratio"), at=3),),
            ),
            severity=severity,
            owner=owner,
            owner_title=owner.title(),
        )
        announce(parts, one, sink, DeliveryAction.TRIGGER)
        decided.append(one)
    return decided


def announce(parts: Installation, one: Incident, sink: str, action: DeliveryAction) -> None:
    _, version = parts.incidents.load(one.env)
    parts.incidents.commit(
        version,
        EnvState(env=one.env, at=NOW, incidents=(one,)),
        revisions=[one],
        notifications=[notification(one, sink, action, NOW)],
        now=NOW,
    )


def silence(parts: Installation, matcher: str) -> None:
    asked = Silence(
        matchers=(parse_matcher(matcher),),
        starts_at=NOW,
        ends_at=NOW + timedelta(hours=5),
        author="ann",
        why="known",
        created_at=NOW,
    )
    parts.silences.add(
        asked,
        lambda one: AuditEntry(
            at=NOW, actor="ann", action="silence", subject=one.id, origin=Origin.LIVE
        ),
    )


def told(parts: Installation, sink: str = "slack") -> list[str]:
    return [note.incident_id for note, _ in parts.told[sink].sent]


def send_all(parts: Installation) -> None:
    """Let time pass until nothing waits any more."""
    for _ in range(40):
        parts.deliver.sweep()
        parts.drain()
        parts.hand.move(20)
        parts.wall.move(20)
        if not parts.outbox.counts()[DeliveryState.PENDING]:
            return


def test_a_minute_of_messages_is_told_one_by_one(crowd: Installation) -> None:
    decided = decide(crowd, ROOM + 1)
    crowd.relief.run()
    send_all(crowd)
    assert sorted(told(crowd)) == [one.id for one in decided]


def test_the_worst_are_told_first_then_the_digest_then_what_has_room(crowd: Installation) -> None:
    decide(crowd, 7, urgent=2)
    crowd.relief.run()
    send_all(crowd)
    assert told(crowd)[:3] == ["INC-2005", "INC-2006", "DIG-1"]
    (digest,) = [payload for note, payload in crowd.told["slack"].sent if "ids" in payload]
    assert digest["why"] == "more than slack takes in a minute"
    alone = [name for name in told(crowd) if name.startswith("INC")]
    assert len(alone) == ROOM
    assert sorted(alone + digest["ids"]) == [f"INC-{2000 + number}" for number in range(7)]


def test_looking_again_tells_nothing_twice(crowd: Installation) -> None:
    decide(crowd, 7)
    crowd.relief.run()
    crowd.relief.run()
    send_all(crowd)
    crowd.relief.run()
    send_all(crowd)
    assert len([name for name in told(crowd) if name.startswith("DIG")]) == 1


def test_p1s_are_never_told_together(crowd: Installation) -> None:
    decided = decide(crowd, 7, urgent=7)
    crowd.relief.run()
    send_all(crowd)
    assert sorted(told(crowd)) == [one.id for one in decided]


def test_a_pager_gets_an_incident_for_each(crowd: Installation) -> None:
    decided = decide(crowd, 7, sink="pagerduty")
    crowd.relief.run()
    send_all(crowd)
    assert sorted(told(crowd, "pagerduty")) == [one.id for one in decided]


def test_what_somebody_has_begun_to_tell_stays_by_itself(crowd: Installation) -> None:
    decided = decide(crowd, 7)
    last = crowd.outbox.of_incident(decided[-1].id)[0]
    crowd.outbox.claim(last.id, now=NOW, wall=NOW, lease_seconds=30)
    crowd.relief.run()
    assert crowd.outbox.of_incident(last.notification.incident_id)[0].state is DeliveryState.SENDING


def test_what_waits_behind_a_call_goes_with_it_and_later_news_are_told(crowd: Installation) -> None:
    decided = decide(crowd, 7)
    last = decided[-1]
    news = replace(last, revision=2)
    announce(crowd, news, "slack", DeliveryAction.UPDATE)
    crowd.relief.run()
    send_all(crowd)
    assert last.id not in told(crowd)
    records = crowd.outbox.of_incident(last.id)
    assert {one.state for one in records} == {DeliveryState.SUPERSEDED}
    assert {one.last_error for one in records} == {"told in DIG-1"}
    announce(crowd, replace(last, revision=3), "slack", DeliveryAction.RESOLVE)
    send_all(crowd)
    assert told(crowd)[-1] == last.id


def test_each_owner_gets_a_digest_of_their_own(crowd: Installation) -> None:
    for number, owner in enumerate(("ada", "grace") * 5):
        one = replace(
            incident(3000 + number, env=f"env-{number}"), severity=Severity.P3, owner=owner
        )
        announce(crowd, one, "slack", DeliveryAction.TRIGGER)
    crowd.relief.run()
    send_all(crowd)
    digests = [payload["ids"] for _, payload in crowd.told["slack"].sent if "ids" in payload]
    parity = [{int(name[-1]) % 2 for name in ids} for ids in digests]
    assert sorted(parity, key=str) == [{0}, {1}]


def test_what_was_silenced_meanwhile_is_not_in_it(crowd: Installation) -> None:
    decided = decide(crowd, 7)
    silence(crowd, f"incident={decided[-1].id}")
    crowd.relief.run()
    send_all(crowd)
    digest = next(payload for _, payload in crowd.told["slack"].sent if "ids" in payload)
    assert decided[-1].id not in digest["ids"]
    assert len(digest["ids"]) == 7 - ROOM - 1
