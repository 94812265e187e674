"""A person's report in Slack and in the console: taken once it is kept, asked back where it is not
understood."""

from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx
import pytest

from aiops.domain.errors import InputError, StoreError
from aiops.domain.words import Asker, Place
from aiops.receivers.blockkit import block_errors
from tests.slack_bodies import body_of, signed, slash_command

SECRET = "signing-secret"
TYPED = slash_command(
    "/incident",
    "declare payment-service checkout is failing in EU",
    user_id="U1",
    trigger_id="13345224609.738474920",
    response_url="https://hooks.slack.com/commands/1/2/3",
)


class Browser(Protocol):
    def get(self, path: str) -> httpx.Response: ...
    def post(self, path: str, **kwargs: Any) -> httpx.Response: ...


class Site(Protocol):
    real_clock: Any
    open: Callable[..., Browser]


class Reports(list[tuple[str, Asker]]):
    """What was declared; refuses with what `failure` holds."""

    failure: Exception | None = None

    def __call__(self, text: str, by: Asker) -> str:
        if self.failure is not None:
            raise self.failure
        self.append((text.strip(), by))
        return "Reported of payment-service."


@pytest.fixture
def reports() -> Reports:
    return Reports()


def typed(site: Site, reports: Reports | None, **changes: str) -> httpx.Response:
    body = body_of(TYPED | changes)
    headers = signed(SECRET, body, site.real_clock.now().timestamp())
    return site.open(declare=reports).post("/slack/commands", content=body, headers=headers)


def test_a_report_in_slack_is_kept_with_who_made_it_and_where_they_are_answered(
    site: Site, reports: Reports
) -> None:
    answer = typed(site, reports)
    assert answer.status_code == 200
    assert answer.json()["text"] == "Reported of payment-service."
    assert reports == [
        (
            "payment-service checkout is failing in EU",
            Asker(
                name="ann",
                place=Place.SLACK,
                id="U1",
                key="13345224609.738474920",
                answer_url="https://hooks.slack.com/commands/1/2/3",
            ),
        )
    ]


def test_what_is_not_understood_is_asked_back_to_the_asker_alone(
    site: Site, reports: Reports
) -> None:
    reports.failure = InputError("no service is called <!channel>. Did you mean a or b")
    content = typed(site, reports).json()
    assert content["response_type"] == "ephemeral"
    assert content["text"].startswith("Nothing was declared: no service is called")
    assert "<!channel>" not in str(content)
    assert block_errors(content["blocks"]) == []


def test_what_could_not_be_kept_is_not_said_to_be(site: Site, reports: Reports) -> None:
    reports.failure = StoreError("the disk is full")
    assert "Nothing was declared" in typed(site, reports).json()["text"]


def test_where_nobody_takes_reports_the_command_line_is_named(site: Site) -> None:
    assert "aiops incident declare" in typed(site, None).json()["text"]


def test_an_incident_of_that_name_is_not_what_declare_means(site: Site, reports: Reports) -> None:
    typed(site, reports, text="INC-1001")
    assert reports == []


def form(site: Site, reports: Reports, **changes: str) -> httpx.Response:
    fields = {"service": "checkout", "words": "nobody can pay", "severity": "P1", "by": "ann"}
    body = urlencode(fields | changes)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return site.open(declare=reports).post("/declare", content=body, headers=headers)


def test_the_console_takes_a_report_too(site: Site, reports: Reports) -> None:
    assert "Report a problem" in site.open(declare=reports).get("/declare").text
    answer = form(site, reports)
    assert "Reported of payment-service." in answer.text
    assert reports == [("checkout P1 nobody can pay", Asker(name="ann", place=Place.CONSOLE))]


def test_the_console_asks_who_says_so(site: Site, reports: Reports) -> None:
    assert form(site, reports, by="").status_code == 400
    assert reports == []


def test_the_console_says_what_it_did_not_understand(site: Site, reports: Reports) -> None:
    reports.failure = InputError("no service is called <b>x</b>")
    answer = form(site, reports)
    assert answer.status_code == 400
    assert "<b>x" not in answer.text
