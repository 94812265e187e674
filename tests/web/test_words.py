"""The endpoints PagerDuty and Slack bring people's words to: genuine, stored, answered at once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx
import pytest

from aiops.domain.errors import StoreError
from aiops.web.pagerduty_signature import is_signed
from aiops.web.pagerduty_signature import signature_of as pagerduty_signature
from aiops.web.slack_signature import signature_of as slack_signature

GOLDEN = Path(__file__).parents[1] / "golden" / "words"
WEBHOOK = (GOLDEN / "pagerduty-acknowledged.json").read_bytes()
PRESS = (GOLDEN / "slack-acknowledge.json").read_bytes()
SECRET, SECOND = "pagerduty-secret", "second-secret"
SLACK_SECRET = "signing-secret"


class Browser(Protocol):
    def post(self, path: str, **kwargs: Any) -> httpx.Response: ...


class Site(Protocol):
    real_clock: Any
    open: Callable[..., Browser]


class Kept(list[tuple[str, str, bytes]]):
    """What was stored; fails while `down`."""

    down = False

    def __call__(self, source: str, key: str, body: bytes) -> None:
        if self.down:
            raise StoreError("the database did not answer")
        self.append((source, key, body))


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def browser(site: Site, kept: Kept) -> Browser:
    return site.open(keep_word=kept, pagerduty_webhook_secrets=(SECRET, SECOND))


def webhook(browser: Browser, body: bytes = WEBHOOK, header: str | None = None) -> httpx.Response:
    signed = pagerduty_signature(SECRET, body) if header is None else header
    headers = {"x-pagerduty-signature": signed.encode(), "content-type": b"application/json"}
    return browser.post("/pagerduty/webhook", content=body, headers=headers)


def press(
    browser: Browser, site: Site, body: bytes | None = None, **changes: str
) -> httpx.Response:
    content = urlencode({"payload": PRESS.decode()}).encode() if body is None else body
    stamp = changes.get("stamp", str(int(site.real_clock.now().timestamp())))
    headers = {
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": changes.get(
            "signature", slack_signature(SLACK_SECRET, stamp, content)
        ),
        "content-type": "application/x-www-form-urlencoded",
    }
    return browser.post("/slack/actions", content=content, headers=headers)


def test_a_signed_webhook_is_stored_as_it_came_under_its_events_id(
    browser: Browser, kept: Kept
) -> None:
    assert webhook(browser).status_code == 202
    assert kept == [("pagerduty", "01DEFGH2J3K4M5N6P7Q8R9S0T1", WEBHOOK)]


def test_one_good_signature_of_one_of_our_secrets_among_several_suffices(browser: Browser) -> None:
    good, other = pagerduty_signature(SECOND, WEBHOOK), pagerduty_signature("old", WEBHOOK)
    assert webhook(browser, header=f"{other},{good}").status_code == 202
    assert webhook(browser, header=f"{other}, {good}").status_code == 202
    assert is_signed([SECRET], pagerduty_signature(SECRET, b"x"), b"x")


@pytest.mark.parametrize(
    "header", ["", "v1=", "v1=abc", "v2=abc", "é", ",,,", pagerduty_signature("other", WEBHOOK)]
)
def test_a_webhook_of_somebody_elses_is_refused(browser: Browser, kept: Kept, header: str) -> None:
    answer = webhook(browser, header=header)
    assert answer.status_code == 401
    assert "AIOPS_PAGERDUTY_WEBHOOK_SECRET" in answer.json()["error"]
    assert kept == []


def test_what_is_not_theirs_is_counted_by_whose_it_should_have_been(site: Site, kept: Kept) -> None:
    refused: list[str] = []
    browser = site.open(
        keep_word=kept,
        pagerduty_webhook_secrets=(SECRET,),
        note_refusal=lambda where, _why: refused.append(where),
    )
    webhook(browser, header="v1=abc")
    press(browser, site, signature="v0=" + 64 * "0")
    assert refused == ["pagerduty", "slack"]


def test_without_a_secret_every_webhook_is_sent_again_later(site: Site, kept: Kept) -> None:
    assert webhook(site.open(keep_word=kept)).status_code == 503


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_a_signed_webhook_nobody_can_read_does_not_switch_the_subscription_off(
    browser: Browser, kept: Kept, body: bytes
) -> None:
    assert webhook(browser, body).json() == {"taken": False}
    assert kept == []


def test_what_cannot_be_stored_is_asked_for_again(browser: Browser, site: Site, kept: Kept) -> None:
    kept.down = True
    assert webhook(browser).status_code == 503
    assert press(browser, site).status_code == 503


def test_a_press_that_could_not_be_stored_is_taken_when_slack_sends_it_again(
    browser: Browser, site: Site, kept: Kept
) -> None:
    kept.down = True
    assert press(browser, site).status_code == 503
    kept.down = False
    assert press(browser, site).status_code == 200, "the same signed request"
    assert press(browser, site).status_code == 401, "and no third time"
    assert len(kept) == 1


def test_a_press_is_stored_without_slacks_token_and_answered_with_nothing(
    browser: Browser, site: Site, kept: Kept
) -> None:
    answer = press(browser, site)
    assert (answer.status_code, answer.content) == (200, b"")
    ((source, key, body),) = kept
    assert (source, key) == ("slack", "")
    assert json.loads(body) == {
        name: value for name, value in json.loads(PRESS).items() if name != "token"
    }


def test_a_press_sent_twice_or_late_or_by_somebody_else_is_refused(
    browser: Browser, site: Site, kept: Kept
) -> None:
    assert press(browser, site).status_code == 200
    assert press(browser, site).status_code == 401
    late = str(int(site.real_clock.now().timestamp()) - 301)
    assert press(browser, site, stamp=late).status_code == 401
    assert press(browser, site, signature="v0=" + 64 * "0").status_code == 401
    assert len(kept) == 1


@pytest.mark.parametrize("body", [b"", b"payload=", b"payload=[]", b"other=1", b"\xff=1"])
def test_a_press_without_a_payload_is_refused_in_words(
    browser: Browser, site: Site, kept: Kept, body: bytes
) -> None:
    answer = press(browser, site, body)
    assert answer.status_code == 400
    assert "payload" in answer.json()["error"]
