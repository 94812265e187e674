"""Nothing that data or people say mentions anybody in Slack, or links where we did not mean."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from aiops.domain.digests import Digest, DigestEntry
from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.journeys import Runbook, RunbookStep
from aiops.domain.notifications import DeliveryAction
from aiops.domain.pictures import IncidentPicture
from aiops.domain.words import Asker
from aiops.incident.title import LONGEST
from aiops.notify import slack_digest, slack_message
from aiops.notify.slack_pictures import SlackPictures
from aiops.web.slack_answers import answer, declared
from tests import builders
from tests.builders import minute
from tests.notify.stories import incident, notification, resolved

EVIL = (
    "<!channel>",
    "<!here|x>",
    "<!everyone>",
    "<!subteam^S123>",
    "<@U012AB3CD>",
    "<#C012AB3CD>",
    "<https://evil.example|the runbook>",
    "@channel @here @everyone",
    "x> <!channel> <y",
    "&lt;!channel&gt;",
)
OURS = re.compile(r"<https://a\.example/[^|<>\s]*\|[^<>]*>")
MEANT = re.compile(r"<[!@#]|<https?:|@channel|@here|@everyone")


def told(evil: str) -> Incident:
    """Make an incident in which everything that data or people can name is hostile."""
    symptom = builders.story()[0]
    key = replace(symptom.series.key, service=evil, metric=evil, region=evil)
    symptom = replace(symptom, series=replace(symptom.series, key=key, title=evil))
    cause = replace(incident().causes[0], service=evil, change=builders.change(evil, ref=evil))
    step = replace(incident().suggestions[0], text=evil, target=evil)
    return incident(
        title=evil[:LONGEST],
        symptoms=(symptom,),
        causes=(cause,),
        suggestions=(step,),
        narrative=(replace(incident().narrative[0], text=evil),),
        owner_title=evil,
        owner_reason=evil,
        severity_reason=evil,
        runbook_title=evil,
        runbook_reason=evil,
        on_call=evil,
        acknowledged_by=evil,
        assignee=evil,
    )


def markup(content: object) -> Iterator[str]:
    """Yield every text that Slack reads as mrkdwn; plain text it shows as it is."""
    if isinstance(content, Mapping):
        if content.get("type") == "mrkdwn":
            assert content.get("verbatim") is True, "Slack would make links and mentions itself"
        if content.get("type") == "plain_text":
            return
        for name, value in content.items():
            if name in ("text", "initial_comment", "comment") and isinstance(value, str):
                yield value
            elif name not in ("metadata", "value", "block_id", "action_id"):
                yield from markup(value)
    elif isinstance(content, list | tuple):
        for one in content:
            yield from markup(one)


def check(content: object) -> None:
    found = list(markup(content))
    assert found
    for text in found:
        assert not MEANT.search(OURS.sub("", text)), text


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("action", list(DeliveryAction))
def test_no_message_does(evil: str, action: DeliveryAction) -> None:
    of = told(evil)
    if action is DeliveryAction.RESOLVE:
        of = replace(of, state=resolved().state, mitigated_by=evil)
    note = replace(notification(of, action), reason=evil)
    check(slack_message.message(of, note, "https://a.example", with_buttons=True))
    reply = slack_message.reply(of, note, {"severity": "P4", "cause": "x", "assignee": ""})
    if reply is not None:
        check(reply)


@pytest.mark.parametrize("evil", EVIL)
def test_no_reply_is_text_alone(evil: str) -> None:
    of = replace(told(evil), state=IncidentState.ACKNOWLEDGED)
    reply = slack_message.reply(of, notification(of, DeliveryAction.ACKNOWLEDGE), {})
    assert reply is not None
    assert reply["blocks"], "of text alone Slack makes links of its own"
    check(reply)


@pytest.mark.parametrize("evil", EVIL)
def test_no_digest_and_no_picture_does(evil: str) -> None:
    entry = DigestEntry(incident_id="INC-1", severity="P3", text=evil)
    digest = Digest(
        id="DIG-1",
        owner=evil,
        owner_title=evil,
        at=minute(9),
        since=minute(1),
        why=evil,
        entries=(entry,),
    )
    check(slack_digest.message(digest, "https://a.example"))
    picture = IncidentPicture(
        incident_id="INC-1", episode=1, number=1, subject=evil, words=evil, png=b"x"
    )
    check({"comment": SlackPictures("slack", None).picture_payload(picture, {})["comment"]})


class Services:
    """What the commands ask."""

    base_url = "https://a.example"
    judge = merge = split = declare = None

    def __init__(self, *known: Incident, runbooks: tuple[Runbook, ...] = ()) -> None:
        self._known = {one.id: one for one in known}
        self.runbooks = runbooks
        self.incidents = self

    def get(self, name: str) -> Incident | None:
        return self._known.get(name)

    def recent(self, limit: int = 100) -> list[Incident]:
        return list(self._known.values())[:limit]

    def runbook(self, name: str) -> Runbook | None:
        return next((one for one in self.runbooks if one.id == name), None)


def said(services: Services, text: str, command: str = "/incident") -> dict[str, Any]:
    return answer(command, text, services, "ann")  # type: ignore[arg-type]


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("text", ["", "INC-2048", "{evil}", "INC-2048 {evil}", "merge {evil} x y"])
def test_no_answer_about_incidents_does(evil: str, text: str) -> None:
    check(said(Services(told(evil)), text.format(evil=evil)))


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("text", ["", "RB-1", "{evil}", "search {evil}", "search look"])
def test_no_answer_about_runbooks_does(evil: str, text: str) -> None:
    step = RunbookStep(text=evil, query=evil, condition=evil, action=evil)
    book = Runbook(id="RB-1", title=f"look {evil}", owner=evil, steps=(step,))
    check(said(Services(runbooks=(book,)), text.format(evil=evil), "/runbook"))


@pytest.mark.parametrize("evil", EVIL)
def test_no_answer_to_a_report_does(evil: str) -> None:
    def refuse(_text: str, _by: Asker) -> str:
        raise InputError(f"no service is called {evil}")

    services = Services()
    services.declare = refuse  # type: ignore[assignment]
    check(declared(evil, services, Asker(name=evil, place="Slack")))  # type: ignore[arg-type]
    services.declare = lambda text, _by: f"Reported of {text}"  # type: ignore[assignment]
    check(declared(evil, services, Asker(name=evil, place="Slack")))  # type: ignore[arg-type]


def test_an_incident_in_its_watch_says_that_what_comes_back_calls_again() -> None:
    answered = said(Services(resolved(id="INC-2048")), "INC-2048")["text"]
    assert "is over" in answered
    assert "still watched" in answered


def test_a_merged_incident_leads_to_the_one_it_went_to() -> None:
    link = incident(id="INC-1", state=IncidentState.MERGED, merged_into="INC-2")
    further = incident(id="INC-2", state=IncidentState.MERGED, merged_into="INC-3")
    answered = said(Services(link, further, incident(id="INC-3")), "inc-1")["text"]
    assert "INC-1 was merged into INC-2. INC-2 was merged into INC-3." in answered
    assert "*INC-3 (P1)" in answered


def test_incidents_that_were_merged_into_each_other_end_the_search() -> None:
    one = incident(id="INC-1", state=IncidentState.MERGED, merged_into="INC-2")
    other = incident(id="INC-2", state=IncidentState.MERGED, merged_into="INC-1")
    assert "was merged into" in said(Services(one, other), "INC-1")["text"]


@pytest.mark.parametrize("name", ["2048", "inc-2048", "INC-2048"])
def test_a_number_alone_is_enough(name: str) -> None:
    assert "*INC-2048 (P1)" in said(Services(incident()), name)["text"]


@pytest.mark.parametrize("name", ["9", "INC-9", "INC-", "²", "INC-1001; drop"])
def test_an_unknown_number_is_answered_with_what_is_open(name: str) -> None:
    answered = said(Services(incident()), name)["text"]
    assert "There is no incident" in answered
    assert "INC-2048" in answered


def test_a_long_list_never_ends_in_half_a_link() -> None:
    many = [incident(id=f"INC-{number}", title="&" * 120) for number in range(40)]
    text = said(Services(*many), "")["blocks"][0]["text"]["text"]
    assert len(text) <= 3000
    assert text.count("<") == text.count(">") == len(OURS.findall(text))
    assert "more" in text.splitlines()[-1]
