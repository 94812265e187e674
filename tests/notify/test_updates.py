"""Status updates against the strict loopbacks of PagerDuty's REST API and Slack."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aiops.domain.errors import DeliveryError, InputError
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.status_updates import StatusUpdate
from aiops.incident.status_updates import approved_text
from aiops.notify.pagerduty_updates import PagerDutyUpdates
from aiops.notify.registry import update_notifier
from aiops.notify.slack_updates import SlackUpdates
from aiops.receivers.blockkit import block_errors
from aiops.receivers.faults import Fault, FaultKind, FaultPlan
from aiops.receivers.pagerduty_incidents import PagerDutyIncidents, create_app
from aiops.receivers.server import serve
from aiops.settings import SinkSettings
from tests.builders import minute
from tests.notify.conftest import TOKEN, SlackBench

WRITES, BOT, ANN = "writes", "aiops@shop.example", "ann@shop.example"
KEY = "INC-1001.1"
UPDATE = StatusUpdate(
    incident_id="INC-1001",
    episode=1,
    revision=5,
    sink="pagerduty",
    text="We know why.\nNext word at 11:00 UTC.",
    by=ANN,
    at=minute(4),
)
NOTE = Notification(
    incident_id=UPDATE.id,
    episode=1,
    revision=5,
    sink="pagerduty updates",
    action=DeliveryAction.TRIGGER,
    not_before=minute(4),
    reason="ann sends it",
)


@dataclass
class Bench:
    """What sends updates to PagerDuty, and the strict other end with our incident there."""

    sink: PagerDutyUpdates
    ledger: PagerDutyIncidents
    faults: FaultPlan

    def send(self, update: StatusUpdate = UPDATE, *, repeated: bool = False) -> dict[str, str]:
        payload = self.sink.update_payload(update, {"dedup_key": KEY})
        return dict(self.sink.send(NOTE, payload, repeated=repeated).reference)

    def sent(self) -> list[tuple[str, str]]:
        return [(one.message, one.by) for one in self.ledger.incidents["QOURS"].sent]


@pytest.fixture
def bench() -> Iterator[Bench]:
    ledger = PagerDutyIncidents(
        tokens={WRITES}, users={BOT: "PBOT", ANN: "PANN001"}, clock=lambda: minute(4)
    )
    ledger.open("QOTHER", "INC-1002.1")
    ledger.open("QOURS", KEY)
    faults = FaultPlan()
    with serve(create_app(ledger, faults)) as url, httpx.Client(trust_env=False) as client:
        yield Bench(PagerDutyUpdates("pagerduty", url, WRITES, BOT, client=client), ledger, faults)


@pytest.mark.parametrize(("by", "name"), [(ANN, ANN), ("bob@shop.example", BOT), ("bob", BOT)])
def test_it_is_sent_on_our_incident_in_the_persons_name_where_they_are_known(
    bench: Bench, by: str, name: str
) -> None:
    assert bench.send(replace(UPDATE, by=by)) == {"page": "QOURS"}
    assert bench.sent() == [(UPDATE.text, name)]


def test_that_it_is_over_can_be_sent_of_what_is_resolved_there(bench: Bench) -> None:
    bench.ledger.incidents["QOURS"].status = "resolved"
    later = bench.ledger.open("QLATER", KEY)
    later.opened_at, later.status = minute(9), "resolved"
    assert bench.send() == {"page": "QLATER"}
    bench.ledger.incidents["QOURS"].status = "triggered"
    assert bench.send() == {"page": "QOURS"}, "the one that is open comes first"


def test_where_pagerduty_has_not_opened_it_yet_it_waits(bench: Bench) -> None:
    del bench.ledger.incidents["QOURS"]
    with pytest.raises(DeliveryError, match=f"no incident with the key {KEY}") as caught:
        bench.send()
    assert caught.value.retryable
    assert not caught.value.ambiguous


def test_a_repeat_sends_it_only_where_the_log_has_it_not(bench: Bench) -> None:
    bench.send(repeated=True)
    bench.send(repeated=True)
    assert len(bench.sent()) == 1


def test_the_same_words_of_an_hour_ago_are_another_update(bench: Bench) -> None:
    bench.send()
    bench.send(replace(UPDATE, at=UPDATE.at + timedelta(hours=1)), repeated=True)
    assert len(bench.sent()) == 2


def test_a_log_that_cannot_be_read_leaves_nothing_ambiguous(bench: Bench) -> None:
    bench.faults.add(Fault(kind=FaultKind.STATUS, status=503, path="/incidents/QOURS/log_entries"))
    with pytest.raises(DeliveryError) as caught:
        bench.send(repeated=True)
    assert caught.value.retryable
    assert not caught.value.ambiguous
    assert bench.sent() == []


@pytest.mark.parametrize("kind", [FaultKind.CUT_AFTER, FaultKind.GARBAGE])
def test_an_answer_that_was_lost_is_ambiguous(bench: Bench, kind: FaultKind) -> None:
    path = "/incidents/QOURS/status_updates"
    bench.faults.add(Fault(kind=kind, path=path))
    with pytest.raises(DeliveryError) as caught:
        bench.send()
    assert caught.value.retryable
    assert caught.value.ambiguous
    assert WRITES not in str(caught.value)


def test_without_a_token_nothing_is_asked() -> None:
    sink = PagerDutyUpdates("pagerduty", "http://127.0.0.1:1", None, BOT)
    with pytest.raises(DeliveryError, match="AIOPS_PAGERDUTY_WRITE_TOKEN"):
        sink.send(NOTE, {}, repeated=False)


def test_only_where_the_kind_of_sink_takes_updates_there_is_a_sender() -> None:
    hook = SinkSettings(name="hook", kind="webhook", url="https://h.example")
    assert update_notifier(hook) is None
    for kind in ("slack", "pagerduty"):
        made = update_notifier(SinkSettings(name="x", kind=kind, url="https://x.example/"))
        assert made is not None
        assert (made.name, made.shown_on) == ("x updates", "x")
        assert made.lacks


TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


@example(text="&" * 3000, by="<@U123>")
@given(text=TEXT, by=st.text(min_size=1, max_size=80))
def test_whatever_was_approved_slack_takes_it_word_for_word(text: str, by: str) -> None:
    try:
        said = approved_text(text)
    except InputError:
        return
    payload = SlackUpdates("slack", TOKEN).update_payload(replace(UPDATE, text=said, by=by), {})
    assert block_errors(payload["blocks"]) == []
    assert payload["blocks"][0]["text"] == {"type": "plain_text", "text": said, "emoji": False}
    assert "<" not in payload["text"]


def test_where_there_is_no_message_there_is_no_thread_to_post_in(slack: SlackBench) -> None:
    sink = SlackUpdates("slack", TOKEN, slack.sink._api_url, client=slack.sink._client)
    with pytest.raises(DeliveryError, match="no message") as caught:
        sink.send(NOTE, sink.update_payload(UPDATE, {"channel": "C0001"}), repeated=False)
    assert not caught.value.retryable
