from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier

from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.journeys import Runbook, RunbookStep
from aiops.domain.marks import Mark, MarkKind
from aiops.receivers.blockkit import MAX_TEXT_CHARACTERS, block_errors, text_characters
from aiops.web import slack_signature
from aiops.web.services import WebServices
from aiops.web.slack_answers import answer, find_runbooks
from aiops.web.slack_signature import SlackGate, signature_of
from tests.notify import nasty
from tests.notify.stories import NOW, incident, resolved
from tests.slack_bodies import body_of, slash_command

SECRET = "signing-secret"


class Browser(Protocol):
    def post(self, path: str, **kwargs: Any) -> httpx.Response: ...


class Site(Protocol):
    shelf: Any
    real_clock: Any
    open: Callable[..., Browser]


def ask(
    browser: Browser,
    site: Site,
    command: str = "/runbook",
    text: str = "RB-17",
    **changes: Any,
) -> httpx.Response:
    body = changes.get("body", body_of(slash_command(command, text)))
    stamp = changes.get("stamp", str(int(site.real_clock.now().timestamp())))
    signature = changes.get("signature", signature_of(SECRET, stamp, body))
    headers = {
        "content-type": b"application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp.encode("latin-1"),
        "x-slack-signature": signature.encode("latin-1"),
    }
    return browser.post("/slack/commands", content=body, headers=headers)


def test_our_signatures_are_slacks(site: Site) -> None:
    stamp = "1531420618"
    expected = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=b"a=b&c=d")
    assert signature_of(SECRET, stamp, b"a=b&c=d") == expected


def test_a_runbooks_steps_are_shown_to_who_asked(site: Site) -> None:
    answered = ask(site.open(), site)
    assert answered.status_code == 200
    content = answered.json()
    assert content["response_type"] == "ephemeral"
    assert content["text"].splitlines() == [
        "*RB-17: Payment gateway errors*",
        "*1.* See how many payments fail.",
        'query: `error_ratio{service="payment-service"}`',
        "_if it is &gt; 2%, go on_",
        "*2.* Roll the deploy back.",
        "action: roll_back, automation level 2 of 3",
        "kept by payments, reviewed 02 Apr 2026 · <https://aiops.example/runbooks/RB-17|the whole"
        " runbook>",
    ]
    assert content["blocks"][0]["text"]["text"] == "RB-17: Payment gateway errors"


@pytest.mark.parametrize(
    ("command", "text", "says"),
    [
        ("/runbook", "rb-17", "Payment gateway errors"),
        ("/runbook", "RB-2", "It has no steps."),
        ("/runbook", "RB-99", "There is no runbook RB-99. There are:\n• <https"),
        ("/runbook", "<!channel>", "There is no runbook &lt;!channel&gt;."),
        ("/runbook", "", "RB-2: Slow &lt;b&gt;disks&lt;/b&gt;"),
        ("/runbook", "search payment", "RB-17: Payment gateway errors"),
        ("/runbook", "search card payment", "RB-17"),
        ("/runbook", "search nothing-like-it", "No runbook speaks of “nothing-like-it”."),
        ("/runbook", "search", "Say what to look for"),
        ("/incident", "", "INC-2048 (P1) EU checkout failures"),
        ("/incident", "inc-2048", "At 10:03 UTC, error rate on `/checkout` in EU jumped"),
        ("/incident", "INC-2048", "Likely owner: Payments team. Suggested runbook: RB-17"),
        ("/incident", "INC-2047", "INC-2047 is over: it lasted 38 min"),
        ("/incident", "INC-1", "There is no incident INC-1. Open are:\n• <https"),
        ("/weather", "today", "`/runbook RB-17` shows the steps"),
        ("", "", "`/runbook RB-17` shows the steps"),
    ],
)
def test_every_command_is_answered(site: Site, command: str, text: str, says: str) -> None:
    content = ask(site.open(), site, command, text).json()
    assert says in content["text"]
    assert block_errors(content["blocks"]) == []


@dataclass
class Heard:
    """What people said of incidents, as the application was told."""

    words: list[tuple[str, bool, str, str]] = field(default_factory=list)

    def judge(self, incident_id: str, *, real: bool, by: str, why: str) -> list[Mark]:
        self.words.append((incident_id, real, by, why))
        kind = MarkKind.IMPORTANT if real else MarkKind.NOISY
        mark = Mark(service="checkout", metric="error_ratio", kind=kind, at=NOW, by=by, why=why)
        return [replace(mark, until=NOW + timedelta(days=30))]


@pytest.mark.parametrize(
    ("word", "real", "bars"), [("noise", False, "higher"), ("Real", True, "lower")]
)
def test_a_word_on_an_incident_is_kept_with_who_said_it_and_why(
    site: Site, word: str, real: bool, bars: str
) -> None:
    heard = Heard()
    form = {
        "command": "/incident",
        "text": f"inc-2048 {word} nightly <batch>",
        "user_name": "ann",
    }
    answered = ask(site.open(judge=heard.judge), site, body=urlencode(form).encode())
    assert heard.words == [("INC-2048", real, "ann", "nightly <batch>")]
    said = answered.json()["text"]
    assert said.startswith(f"INC-2048 is {word.lower()}, says ann. Its series:")
    assert f"checkout:error_ratio: {bars} bars until " in said


def test_a_word_on_an_incident_there_is_not_is_kept_nowhere(site: Site) -> None:
    heard = Heard()
    form = {"command": "/incident", "text": "INC-1 noise", "user_name": "ann"}
    answered = ask(site.open(judge=heard.judge), site, body=urlencode(form).encode())
    assert "There is no incident INC-1" in answered.json()["text"]
    assert not heard.words


def test_a_runbook_too_long_for_slack_is_cut_at_a_step_with_how_many_are_left(site: Site) -> None:
    steps = tuple(
        RunbookStep(text=f"{number} " + "x" * 500, query="y" * 290) for number in range(60)
    )
    long = Runbook(id="RB-3", title="Everything", owner="all", steps=steps)
    content = ask(site.open(runbooks=(long,)), site, text="RB-3").json()
    assert content["text"].count("query:") == 13
    assert "… and 47 more steps on its page.\nkept by all" in content["text"]
    assert len(content["text"]) < MAX_TEXT_CHARACTERS
    assert block_errors(content["blocks"]) == []


def test_where_nothing_can_be_said_it_says_what_can(site: Site) -> None:
    form = {"command": "/incident", "text": "INC-2048 noise", "user_name": "ann"}
    answered = ask(site.open(), site, body=urlencode(form).encode())
    assert "aiops judge" in answered.json()["text"]


@dataclass
class Regrouped:
    """Who merged and split what, as the application was told."""

    words: list[tuple[object, ...]] = field(default_factory=list)

    def merge(
        self, names: Sequence[str], *, by: str, why: str, place: str
    ) -> tuple[Incident, tuple[str, ...]]:
        self.words.append((*names, by, why, place))
        if "INC-1" in names:
            raise InputError("there is no incident INC-1")
        return incident(), tuple(names[1:])

    def split(
        self, name: str, leaving: Sequence[str], *, by: str, why: str, place: str
    ) -> tuple[Incident, Incident]:
        self.words.append((name, tuple(leaving), by, why, place))
        return incident(), incident(id="INC-2050", title="Search slow")


def regroup(site: Site, text: str) -> tuple[str, Regrouped]:
    told = Regrouped()
    form = {"command": "/incident", "text": text, "user_name": "ann"}
    browser = site.open(merge=told.merge, split=told.split)
    content = ask(browser, site, body=urlencode(form).encode()).json()
    assert block_errors(content["blocks"]) == []
    return content["text"], told


def test_incidents_are_merged_with_who_said_so_and_why(site: Site) -> None:
    said, told = regroup(site, "merge inc-2048, INC-2049 one connection pool")
    assert told.words == [("INC-2048", "INC-2049", "ann", "one connection pool", "Slack")]
    assert said.startswith("INC-2049 merged into:")
    assert "INC-2048" in said


def test_an_incident_is_split_by_its_services(site: Site) -> None:
    said, told = regroup(site, "split INC-2048 search,search-db another fault")
    assert told.words == [
        ("INC-2048", ("search", "search-db"), "ann", "another fault", "Slack"),
    ]
    assert "Search slow" in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("merge INC-2048 INC-2049", "Say which and why"),
        ("merge INC-2048 one pool", "Say which and why"),
        ("split INC-2048 search", "Say what leaves and why"),
        ("merge INC-2048 INC-1 one", "Nothing was done: there is no incident INC-1."),
    ],
)
def test_half_a_word_regroups_nothing_and_says_what_is_missing(
    site: Site, text: str, says: str
) -> None:
    assert says in regroup(site, text)[0]


@pytest.mark.parametrize("act", ["merge", "split"])
def test_where_nothing_can_be_regrouped_it_says_what_can(site: Site, act: str) -> None:
    form = {"command": "/incident", "text": f"{act} INC-2048 INC-2049 why", "user_name": "ann"}
    answered = ask(site.open(), site, body=urlencode(form).encode())
    assert f"aiops incident {act}" in answered.json()["text"]


def test_without_open_incidents_it_says_none(site: Site) -> None:
    site.shelf.kept[:] = [resolved(), incident(state=IncidentState.MERGED)]
    assert ask(site.open(), site, "/incident", "").json()["text"] == "Open incidents:\nnone"


def test_a_long_list_is_counted(site: Site) -> None:
    site.shelf.kept[:] = [incident(id=f"INC-{number}") for number in range(40)]
    content = ask(site.open(base_url=""), site, "/incident", "").json()
    assert content["text"].endswith("… and 25 more")
    assert "|" not in content["text"]


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": ""},
        {"signature": "v0=" + "0" * 64},
        {"signature": "v0=\xe9"},
        {"signature": "v1=" + "0" * 64},
        {"stamp": ""},
        {"stamp": "soon"},
        {"stamp": "١٢٣".encode().decode("latin-1")},
        {"stamp": "-1"},
        {"stamp": "1e9"},
        {"stamp": "9" * 400},
        {"stamp": "nan"},
    ],
)
def test_what_slack_did_not_sign_is_refused(site: Site, changes: dict[str, str]) -> None:
    refused = ask(site.open(), site, **changes)
    assert refused.status_code == 401
    assert "not taken for Slack's" in refused.json()["error"]


def test_a_body_changed_on_the_way_is_refused(site: Site) -> None:
    stamp = str(int(site.real_clock.now().timestamp()))
    signature = signature_of(SECRET, stamp, b"command=%2Frunbook&text=RB-17")
    changed = ask(site.open(), site, body=b"command=%2Frunbook&text=RB-2", signature=signature)
    assert changed.status_code == 401


@pytest.mark.parametrize(("off", "status"), [(299, 200), (-299, 200), (301, 401), (-301, 401)])
def test_an_old_or_early_request_is_refused(site: Site, off: int, status: int) -> None:
    stamp = str(int(site.real_clock.now().timestamp()) + off)
    assert ask(site.open(), site, stamp=stamp).status_code == status


def test_the_same_request_twice_is_refused_the_second_time(site: Site) -> None:
    browser = site.open()
    assert [ask(browser, site).status_code for _ in range(2)] == [200, 401]
    site.real_clock.advance(1)
    assert ask(browser, site).status_code == 200


def test_what_was_seen_is_forgotten_only_once_it_is_too_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slack_signature, "_REMEMBERED", 2)
    gate = SlackGate(SECRET)
    stamp = str(int(NOW.timestamp()))
    bodies = [b"a", b"b", b"c"]
    for body in bodies:
        assert gate.refusal(stamp, signature_of(SECRET, stamp, body), body, NOW) is None
    assert len(gate._seen) == 2
    assert gate.refusal(stamp, signature_of(SECRET, stamp, b"c"), b"c", NOW) is not None


def test_without_a_secret_commands_are_refused_with_what_to_set(site: Site) -> None:
    refused = ask(site.open(slack_signing_secret=None), site)
    assert refused.status_code == 503
    assert "AIOPS_SLACK_SIGNING_SECRET" in refused.json()["error"]


@pytest.mark.parametrize("body", [b"text=%ff", b"\xff", b"&".join([b"a=1"] * 200)])
def test_a_form_nobody_can_read_is_refused(site: Site, body: bytes) -> None:
    assert ask(site.open(), site, body=body).status_code == 400


def test_a_huge_command_is_refused(site: Site) -> None:
    assert ask(site.open(), site, body=b"a" * 70_000).status_code == 413


def test_runbooks_are_found_best_first() -> None:
    rows = (
        Runbook(id="RB-1", title="Disks", text="payment tables fill up"),
        Runbook(id="RB-2", title="Payment errors"),
        Runbook(id="RB-3", title="Queues", keywords=("payment",)),
    )
    assert [one.id for one in find_runbooks(["payment"], rows)] == ["RB-2", "RB-3", "RB-1"]
    assert [one.id for one in find_runbooks(["payment", "disks"], rows)] == ["RB-1"]
    assert find_runbooks(["!!"], rows) == []


class _Nothing:
    at = NOW

    def now(self) -> Any:
        return NOW

    def recent(self, limit: int = 100) -> tuple[Any, ...]:
        return ()

    def get(self, incident_id: str) -> Any:
        return None


_steps = st.builds(
    RunbookStep, text=nasty.texts, query=nasty.texts, condition=nasty.texts, action=nasty.texts
)
_runbooks = st.builds(
    Runbook,
    id=st.just("RB-1"),
    title=nasty.texts,
    owner=st.none() | nasty.texts,
    steps=st.lists(_steps, max_size=60).map(tuple),
)


@given(_runbooks, nasty.texts, st.sampled_from(("/runbook", "/incident", "/x")))
def test_whatever_is_asked_the_answer_keeps_to_block_kit(
    runbook: Runbook, text: str, command: str
) -> None:
    services = WebServices(
        incidents=_Nothing(),
        parse_changes=lambda *_: (),
        record_changes=lambda _: None,
        clock=_Nothing(),
        real_clock=_Nothing(),
        runbooks=(runbook,),
    )
    for typed in ("RB-1", text, f"search {text}"):
        content = answer(command, typed, services)
        assert block_errors(content["blocks"]) == []
        assert text_characters(content["blocks"]) <= MAX_TEXT_CHARACTERS
        assert len(content["text"]) <= 40_000
        assert "<" not in content["text"]
