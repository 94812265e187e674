"""`aiops doctor --send`: a marked test through each sink."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import httpx
import pytest

from aiops.notify.jira import Jira
from aiops.notify.pagerduty import PagerDuty
from aiops.notify.slack import Slack
from aiops.notify.webhook import Webhook
from aiops.ports import Notifier
from aiops.receivers import jira, pagerduty, slack, webhook
from aiops.receivers.server import serve
from tests.workers.installation import RecordingSink, refusal
from workers.trial import TITLE, send_trials

NOW = datetime(2026, 4, 18, 10, 4, tzinfo=UTC)
KEY, TOKEN, SECRET = "K" * 32, "xoxb-loopback", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ACCOUNT = "ops@acme.example:ATATT-loopback"

Ledgers = tuple[
    pagerduty.PagerDutyLedger, slack.SlackLedger, webhook.WebhookLedger, jira.JiraLedger
]


def now() -> datetime:
    return NOW


@pytest.fixture
def ledgers() -> Ledgers:
    return (
        pagerduty.PagerDutyLedger(routing_keys={KEY}, clock=now),
        slack.SlackLedger(tokens={TOKEN: "B1"}, channels={"C1": "x"}, clock=now),
        webhook.WebhookLedger(secret=SECRET, clock=now),
        jira.JiraLedger(tokens={ACCOUNT}, projects={"OPS"}, clock=now),
    )


@pytest.fixture
def sinks(
    ledgers: Ledgers,
) -> Iterator[Mapping[str, Notifier]]:
    pages, chat, hooks, tickets = ledgers
    with (
        serve(pagerduty.create_app(pages)) as page_url,
        serve(slack.create_app(chat)) as chat_url,
        serve(webhook.create_app(hooks)) as hook_url,
        serve(jira.create_app(tickets)) as site_url,
        httpx.Client(trust_env=False) as client,
    ):
        yield {
            "pagerduty": PagerDuty("pagerduty", KEY, f"{page_url}/v2/enqueue", "", client),
            "slack": Slack("slack", TOKEN, "C1", f"{chat_url}/api/", client=client),
            "hook": Webhook("hook", SECRET, f"{hook_url}/hook", client=client, now=now),
            "tickets": Jira("tickets", ACCOUNT, site_url, "OPS", client=client),
        }


def test_every_strict_receiver_takes_it_and_its_end(
    sinks: Mapping[str, Notifier],
    ledgers: Ledgers,
) -> None:
    assert dict(send_trials(sinks, "prod", NOW)) == dict.fromkeys(sinks, "")
    pages, chat, hooks, tickets = (ledger.state() for ledger in ledgers)
    (page,) = pages["incidents"]
    assert (page["status"], page["severity"]) == ("resolved", "info")
    assert TITLE in page["summary"]
    assert TITLE in str(chat["messages"])
    (messages,) = hooks["incidents"].values()
    assert [one["type"] for one in messages] == ["incident.triggered", "incident.resolved"]
    (issue,) = tickets["issues"].values()
    assert issue["status"] == "Done"
    assert TITLE in issue["summary"]


def test_a_sink_that_takes_nothing_is_named_and_the_others_are_tried_all_the_same() -> None:
    bad, good = RecordingSink("bad", failures=[refusal()]), RecordingSink("good")
    assert dict(send_trials({"bad": bad, "good": good}, "prod", NOW)) == {
        "bad": "answered 500",
        "good": "",
    }
    assert len(good.sent) == 2
