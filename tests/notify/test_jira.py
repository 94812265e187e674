"""Jira: one issue per incident and episode, looked for before another is made."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given

from aiops.domain.errors import ConfigurationError, DeliveryError
from aiops.domain.incidents import Incident, Severity
from aiops.domain.notifications import DeliveryAction
from aiops.notify.jira import Jira
from aiops.receivers.faults import Fault, FaultKind, FaultPlan
from aiops.receivers.jira import JiraLedger, create_app
from aiops.receivers.jira_rules import document_fault
from aiops.receivers.server import serve
from tests.builders import minute
from tests.notify import nasty
from tests.notify.stories import NO_REFERENCE, incident, notification, resolved

GOLDEN = Path(__file__).parents[1] / "golden" / "notify"
TOKEN = "ops@acme.example:ATATT-loopback-secret"


@dataclass(slots=True)
class Site:
    """A loopback Jira and the sink that writes to it."""

    sink: Jira
    ledger: JiraLedger
    faults: FaultPlan
    reference: dict[str, str] = field(default_factory=dict)

    def tell(
        self,
        of: Incident,
        action: DeliveryAction = DeliveryAction.TRIGGER,
        *,
        repeated: bool = False,
    ) -> dict[str, Any]:
        note = notification(of, action)
        payload = self.sink.payload(of, note, self.reference)
        self.reference = dict(self.sink.send(note, payload, repeated=repeated).reference)
        found: dict[str, Any] = self.issues()[self.reference["key"]]
        return found

    def issues(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ledger.state()["issues"]
        return found


def opened(ledger: JiraLedger) -> Iterator[Site]:
    faults = FaultPlan()
    with serve(create_app(ledger, faults)) as url, httpx.Client(trust_env=False) as client:
        sink = Jira("tickets", TOKEN, url, "OPS", base_url="https://aiops.example", client=client)
        yield Site(sink, ledger, faults)


@pytest.fixture
def site() -> Iterator[Site]:
    yield from opened(JiraLedger(tokens={TOKEN}, projects={"OPS"}, clock=lambda: minute(4)))


@pytest.fixture
def site_without_an_end() -> Iterator[Site]:
    ways = ("To Do", "In Progress")
    ledger = JiraLedger(tokens={TOKEN}, projects={"OPS"}, ways=ways, clock=lambda: minute(4))
    yield from opened(ledger)


def test_the_payload_is_the_golden_one() -> None:
    of = incident()
    sink = Jira("tickets", TOKEN, "https://acme.atlassian.net", "OPS", base_url="https://a.example")
    payload = sink.payload(of, notification(of), NO_REFERENCE)
    golden = json.loads((GOLDEN / "jira-trigger.json").read_text())
    assert json.loads(json.dumps(payload)) == golden


def test_an_incident_is_one_issue_from_its_first_word_to_its_end(site: Site) -> None:
    issue = site.tell(incident())
    assert issue["summary"].startswith("INC-2048 (P1) EU checkout failures")
    assert "revenue per minute in EU down 24%" in issue["description"]
    assert issue["labels"] == ["aiops", "aiops-INC-2048.1-20260418T100400Z"]

    milder = incident(revision=2, severity=Severity.P2, severity_reason="3% of requests fail")
    issue = site.tell(milder, DeliveryAction.UPDATE)
    assert issue["summary"].startswith("INC-2048 (P2)")
    assert issue["comments"] == ["Severity is now P2, was P1: 3% of requests fail."]

    issue = site.tell(resolved(), DeliveryAction.RESOLVE)
    assert issue["status"] == "Done"
    assert "INC-2048 is over" in issue["comments"][-1]
    assert len(site.issues()) == 1


def test_an_update_that_says_nothing_new_is_no_comment(site: Site) -> None:
    site.tell(incident())
    issue = site.tell(incident(revision=2), DeliveryAction.UPDATE)
    issue = site.tell(incident(revision=3), DeliveryAction.REFRESH)
    assert issue["comments"] == []


def test_another_episode_is_another_issue(site: Site) -> None:
    site.tell(incident())
    site.reference = {}
    site.tell(incident(episode=2))
    assert len(site.issues()) == 2


@pytest.mark.parametrize("path", ["issue/OPS-1/comment", "issue/OPS-1/transitions"])
def test_a_repeat_after_a_cut_neither_comments_nor_closes_twice(site: Site, path: str) -> None:
    site.tell(incident())
    for method in ("GET", "POST"):
        site.faults.add(Fault(kind=FaultKind.CUT_AFTER, path=f"/rest/api/3/{path}", method=method))
        with pytest.raises(DeliveryError):
            site.tell(resolved(), DeliveryAction.RESOLVE)
    issue = site.tell(resolved(), DeliveryAction.RESOLVE, repeated=True)
    assert (issue["status"], len(issue["comments"])) == ("Done", 1)


def test_an_issue_a_person_closed_is_left_as_it_is(site: Site) -> None:
    site.tell(incident())
    site.ledger.issues["OPS-1"].status = "Done"
    site.tell(resolved(), DeliveryAction.RESOLVE)
    asked = [record.path for record in site.ledger.records]
    assert not [path for path in asked if path.endswith("transitions")]


def test_where_no_way_leads_to_done_the_error_says_what_to_do(site_without_an_end: Site) -> None:
    site_without_an_end.tell(incident())
    with pytest.raises(
        DeliveryError, match=r"OPS-1 cannot be closed.*add one to the workflow"
    ) as no:
        site_without_an_end.tell(resolved(), DeliveryAction.RESOLVE)
    assert not no.value.retryable


@pytest.mark.parametrize(
    ("token", "project", "said"),
    [
        ("ops@acme.example:wrong", "OPS", "401.*API token of it.*AIOPS_JIRA_TOKEN"),
        (TOKEN, "NONE", "400.*project: valid project is required"),
    ],
)
def test_what_jira_says_is_wrong_is_passed_on_without_the_token(
    site: Site, token: str, project: str, said: str
) -> None:
    sink = Jira("tickets", token, site.sink._url, project, client=site.sink._client)
    note = notification(incident())
    with pytest.raises(DeliveryError, match=said) as caught:
        sink.send(note, sink.payload(incident(), note, NO_REFERENCE), repeated=False)
    assert not caught.value.retryable
    assert token.partition(":")[2] not in str(caught.value)


@pytest.mark.parametrize("token", ["ATATT-alone", "ops@acme.example", "ops:ATATT", ":x"])
def test_a_token_without_its_account_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(
        ConfigurationError, match="the account's address and an API token"
    ) as caught:
        Jira("tickets", token, "https://acme.atlassian.net", "OPS")
    assert token not in str(caught.value)


def test_a_key_that_is_none_is_not_called() -> None:
    odd = httpx.MockTransport(lambda _: httpx.Response(201, json={"key": "../../secret"}))
    with httpx.Client(transport=odd) as client:
        sink = Jira("tickets", TOKEN, "https://acme.atlassian.net", "OPS", client=client)
        note = notification(incident())
        with pytest.raises(DeliveryError, match="without saying its key") as caught:
            sink.send(note, sink.payload(incident(), note, NO_REFERENCE), repeated=False)
    assert caught.value.ambiguous


@given(nasty.incidents())
def test_any_incident_fits_jiras_limits(of: Incident) -> None:
    sink = Jira("tickets", TOKEN, "https://acme.atlassian.net", "OPS", base_url="https://a.example")
    for action in DeliveryAction:
        payload = sink.payload(of, notification(of, action), {"severity": "P4"})
        assert 0 < len(payload["fields"]["summary"]) <= 255
        assert document_fault(payload["fields"]["description"]) == ""
        assert payload["comment"] is None or document_fault(payload["comment"]) == ""
        assert not set(payload["label"]) & set(' \t\n"\\')


def test_a_cause_found_later_is_told(site: Site) -> None:
    site.tell(incident(causes=()))
    issue = site.tell(replace(incident(), revision=2), DeliveryAction.UPDATE)
    assert issue["comments"][0].startswith("Likely cause is now ")
