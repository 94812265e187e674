"""Incidents that a sink shows get a picture, once, and nothing waits for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from aiops.domain.incidents import Incident
from aiops.domain.notifications import DeliveryAction, DeliveryState, Notification
from aiops.domain.pacing import NO_LIMIT, Rate
from aiops.domain.pictures import IncidentPicture
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.drawing.symptom import Picture
from aiops.ports import Receipt
from aiops.store.pictures import LOOK_AGAIN, MOST_ATTEMPTS
from tests import builders
from tests.workers.installation import HeardTelemetry, Installation, RecordingSink, go_on, refusal
from tests.workers.tables import source
from workers.stages.picture import MOST_PICTURES

PNG = b"\x89PNG of it"
BOTH = ("pagerduty", "slack")


@dataclass
class Thread:
    """What shows pictures, and keeps them."""

    name: str = "slack pictures"
    shown_on: str = "slack"
    rate: Rate = NO_LIMIT
    shown: list[IncidentPicture] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    def picture_payload(
        self, picture: IncidentPicture, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        return {"picture": picture, "ts": reference["ts"]}

    def send(
        self, notification: Notification, payload: Mapping[str, Any], *, repeated: bool
    ) -> Receipt:
        if self.failures:
            raise self.failures.pop(0)
        self.shown.append(payload["picture"])
        return Receipt(reference={"file": "F1"})


@dataclass
class Chat(RecordingSink):
    """A sink whose messages have threads."""

    def send(
        self, notification: Notification, payload: Mapping[str, Any], *, repeated: bool
    ) -> Receipt:
        receipt = RecordingSink.send(self, notification, payload, repeated=repeated)
        return Receipt(reference={**receipt.reference, "channel": "C1", "ts": "1.1"})


class Pen:
    """Draws the same whatever it is given, and remembers what that was."""

    def __init__(self) -> None:
        self.drawn: list[Picture] = []
        self.failures: list[BaseException] = []

    def __call__(self, picture: Picture) -> bytes | None:
        self.drawn.append(picture)
        if self.failures:
            raise self.failures.pop(0)
        return PNG


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """An installation in the middle of an incident that Slack was told of."""

    parts: Installation
    thread: Thread
    pen: Pen
    chat: Chat

    def draw(self) -> None:
        self.parts.draw.run()
        self.parts.drain()

    def later(self) -> None:
        self.parts.hand.at += LOOK_AGAIN + timedelta(minutes=1)

    def incident(self) -> Incident:
        (found,) = self.parts.incidents.recent()
        return found


@pytest.fixture
def studio(parts: Installation) -> Studio:
    paging = PagingPolicy(mode=Mode.IN_PATH, page_sinks=BOTH, ticket_sinks=BOTH)
    parts._known = builders.shop(policies=Policies(paging=paging))
    chat, thread, pen = Chat("slack"), Thread(), Pen()
    parts.told["slack"] = chat
    parts.picture_sinks = {thread.name: thread}
    parts.fed["shop"] = source(3, 60)
    parts.poll.back_fill("shop", timedelta(hours=4), 60)
    go_on(parts, until=10)
    parts.draw._draw = pen
    assert parts.outbox.reference("INC-1001", 1, "slack")
    return Studio(parts=parts, thread=thread, pen=pen, chat=chat)


def test_it_is_drawn_once_and_shown_below_the_message(studio: Studio) -> None:
    for _ in range(3):
        studio.draw()
    (picture,) = studio.thread.shown
    assert (picture.incident_id, picture.number, picture.png) == ("INC-1001", 1, PNG)
    (drawn,) = studio.pen.drawn
    told = studio.incident()
    assert drawn.title.startswith("INC-1001: ")
    assert drawn.symptom.id in {one.id for one in told.symptoms}
    assert drawn.times[0] <= drawn.symptom.onset.timestamp() - 20 * 60
    assert drawn.times[-1] >= drawn.symptom.onset.timestamp()


def test_what_was_measured_is_what_is_drawn(studio: Studio) -> None:
    studio.draw()
    (drawn,) = studio.pen.drawn
    at = drawn.times.tolist().index(int(drawn.symptom.onset.timestamp()))
    assert drawn.values[at] > 3 * drawn.values[:at].max()


def test_nobody_who_was_not_told_is_shown_one(studio: Studio) -> None:
    studio.parts.draw._sinks = ("other",)
    studio.draw()
    assert not studio.pen.drawn


def test_two_workers_show_it_once(studio: Studio) -> None:
    parts = studio.parts
    (wanted,) = parts.pictures.wanted(["slack"], parts.hand.now(), 9)
    studio.draw()
    parts.draw._serve(wanted, parts.knowledge())
    parts.drain()
    assert len(studio.thread.shown) == 1


def test_a_picture_that_was_shown_is_not_replaced(studio: Studio) -> None:
    studio.draw()
    (first,) = studio.thread.shown
    other = replace(first, png=b"another")
    now = studio.parts.hand.now()
    assert studio.parts.pictures.keep(other, studio.incident(), ["slack"], now=now) == ()
    assert studio.parts.pictures.get("INC-1001", 1, 1) == first


def test_a_picture_that_cannot_be_drawn_is_a_counted_fault_and_given_up(studio: Studio) -> None:
    ear = HeardTelemetry()
    studio.parts.draw._telemetry = ear
    studio.pen.failures = [RuntimeError("no engine") for _ in range(20)]
    for _ in range(10):
        studio.draw()
    assert len(studio.pen.drawn) == MOST_ATTEMPTS
    assert [kind for kind, _ in ear.faults] == ["picture"] * MOST_ATTEMPTS
    assert not studio.thread.shown


def test_a_worker_that_dies_of_a_picture_does_so_three_times_at_most(studio: Studio) -> None:
    studio.pen.failures = [KeyboardInterrupt() for _ in range(20)]
    for _ in range(10):
        try:
            studio.draw()
        except KeyboardInterrupt:
            continue
    assert len(studio.pen.drawn) == MOST_ATTEMPTS


def test_a_picture_slack_does_not_take_holds_no_message_up(studio: Studio) -> None:
    studio.thread.failures = [refusal() for _ in range(30)]
    told = len(studio.chat.sent)
    for minute in range(11, 18):
        go_on(studio.parts, until=minute)
        studio.draw()
    assert len(studio.chat.sent) > told, "its messages go on"
    assert not studio.parts.outbox.standings()["slack"].failures


def test_the_end_is_told_while_its_picture_waits(studio: Studio) -> None:
    studio.thread.failures = [refusal() for _ in range(99)]
    studio.draw()
    go_on(studio.parts, until=75)
    assert DeliveryAction.RESOLVE in studio.chat.actions()


def test_a_dead_picture_is_listed_as_what_it_is(studio: Studio) -> None:
    studio.thread.failures = [refusal(retryable=False)]
    studio.draw()
    (dead,) = studio.parts.outbox.records([DeliveryState.DEAD])
    assert dead.notification.sink == "slack pictures"


def test_what_shows_the_same_is_not_drawn_again(studio: Studio) -> None:
    studio.draw()
    studio.later()
    studio.draw()
    assert len(studio.pen.drawn) == 1


def test_another_cause_is_another_picture_but_not_at_once(studio: Studio) -> None:
    studio.draw()
    _blame(studio, "other-1")
    studio.draw()
    assert len(studio.thread.shown) == 1, "too soon after the last"
    studio.later()
    _blame(studio, "other-1")
    studio.draw()
    assert [one.number for one in studio.thread.shown] == [1, 2]


def test_a_story_that_changes_all_the_time_is_not_drawn_all_the_time(studio: Studio) -> None:
    for number in range(MOST_PICTURES + 4):
        _blame(studio, f"other-{number}")
        studio.draw()
        studio.later()
    assert len(studio.thread.shown) == MOST_PICTURES


def test_pictures_are_forgotten_with_the_history(studio: Studio) -> None:
    studio.draw()
    assert studio.parts.pictures.prune(studio.parts.hand.now() - timedelta(hours=1)) == 0
    assert studio.parts.pictures.prune(studio.parts.hand.now() + timedelta(hours=1)) == 1
    assert studio.parts.pictures.get("INC-1001", 1, 1) is None


def _blame(studio: Studio, ref: str) -> None:
    """Let the incident blame another change, as a commit of correlation would store it."""
    state, version = studio.parts.incidents.load("prod")
    (incident,) = state.incidents
    now = studio.parts.hand.now()
    change = replace(builders.change(), id=ref, ref=ref)
    causes = (replace(incident.causes[0], change=change), *incident.causes[1:])
    after = replace(incident, causes=causes, updated_at=now, revision=incident.revision + 1)
    state = replace(state, incidents=(after,))
    studio.parts.incidents.commit(version, state, revisions=[after], now=now)
