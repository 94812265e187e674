import base64
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from aiops.domain.affected import Affected
from aiops.domain.clues import Clues
from aiops.domain.errors import StoreError
from aiops.domain.incidents import Clause, IncidentState, Severity
from aiops.domain.reach import BlastRadius, Hit, ReachKind
from aiops.receivers.server import serve
from aiops.web import rendering
from tests.builders import story
from tests.clues.made import FAILED, NEW, TRACE
from tests.notify import nasty
from tests.notify.stories import NOW, STORY, impact, incident, resolved

SCRIPT = "<script>alert(1)</script>"


class Browser(Protocol):
    app: Any

    def get(self, path: str, **kwargs: Any) -> httpx.Response: ...
    def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response: ...


class Site(Protocol):
    shelf: Any
    open: Callable[..., Browser]


class _Text(HTMLParser):
    """What a person reads, and the tags the page is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)


def words(answer: httpx.Response) -> str:
    return re.sub(r"\s+", " ", " ".join(_Text(answer.text).words))


def test_home_leads_to_the_list(client: Browser) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/incidents")


def test_the_first_screen_says_whether_money_is_moving(client: Browser) -> None:
    said = words(client.get("/incidents"))
    assert "EUR 1,228 lost per minute now" in said
    assert "1 open incident, worst P1" in said
    assert said.index("Open") < said.index("INC-2048") < said.index("Before") < said.index("2047")
    assert "cost EUR 46,000" in said


def test_a_quiet_list_is_no_health_where_nothing_was_looked_at(site: Site) -> None:
    site.shelf.kept.clear()
    fresh = words(site.open(seen_until=lambda: NOW - timedelta(minutes=1)).get("/incidents"))
    stale = words(site.open(seen_until=lambda: NOW - timedelta(hours=1)).get("/incidents"))
    assert "No known loss" in fresh
    assert "No signals" not in fresh
    assert "10:14 UTC signals seen until" in fresh
    assert "No signals have been looked at since Sat 18 Apr 2026, 09:15 UTC" in stale
    assert "aiops doctor" in stale
    never = words(site.open(seen_until=lambda: None).get("/incidents"))
    assert "No signals have been looked at yet." in never
    assert "No signals" not in words(site.open().get("/incidents"))


def test_the_chart_of_an_incident_has_everything_on_one_page(client: Browser) -> None:
    said = words(client.get("/incidents/INC-2048"))
    for part in (
        *STORY,
        "EU checkout failures after payment-service deploy",
        "12 min ago",
        "EUR 1,228 lost per minute, EUR 2,456 so far",
        "deploy 2026.04.18-3 to payment-service at 10:01 UTC (82% sure)",
        "its latency left its band first",
        "flag change new-banner: reaches no sick service",
        "Payments team owns the likely cause, payment-service",
        "roll back deploy 2026.04.18-3 of payment-service",
        "See how many payments fail.",
        "10:03 UTC onset error rate on /checkout in EU left its band",
        "Depends on them gateway",
        "error rate in EU (/checkout)",
        "7.2% 0.3% 10:03 UTC goes on",
        "page: a money KPI is losing",
        "P1: revenue per minute in EU down 24% (P1 from 15%)",
    ):
        assert part in said, part


def test_the_chart_of_what_is_over_says_so_and_no_longer_refreshes(client: Browser) -> None:
    answer = client.get("/incidents/INC-2047")
    assert "INC-2047 is over: it lasted 38 min" in words(answer)
    assert "EUR 46,000 lost in all" in words(answer)
    assert 'http-equiv="refresh"' not in answer.text
    assert 'http-equiv="refresh"' in client.get("/incidents/INC-2048").text


def test_an_incident_of_which_nothing_is_known_has_a_page_too(site: Site) -> None:
    bare = incident(
        title="", symptoms=(), causes=(), ruled_out=(), impacts=(), narrative=(), timeline=(),
        blast=BlastRadius(), owner=None, owner_title="", runbook_id=None, suggestions=(),
        severity=Severity.P4, started_at=NOW + timedelta(minutes=1), episode=2,
    )  # fmt: skip
    site.shelf.kept[:] = [bare]
    said = words(site.open().get("/incidents/INC-2048"))
    assert "No cause stands out yet." in said
    assert "unknown not assessed yet" in said
    assert "unknown for 1 open incident" in words(site.open().get("/incidents"))
    assert "episode 2" in words(site.open().get("/incidents"))


def test_the_chart_says_who_noticed_first_how_often_it_was_there_and_what_failed(
    site: Site,
) -> None:
    affected = Affected(
        journey="checkout", service=SCRIPT, requests=1234, low=1200, high=1300, per_minute=5,
        share=0.07, since=NOW, until=NOW, assumption="traffic times errors",
    )  # fmt: skip
    site.shelf.kept[:] = [
        incident(
            earlier=(NOW - timedelta(days=9), NOW - timedelta(days=2)),
            repeat_of="INC-1999",
            reported_at=NOW - timedelta(days=1),
            reported_by=SCRIPT,
            affected=(affected,),
        )
    ]
    answer = site.open().get("/incidents/INC-2048")
    said = words(answer)
    assert f"customer-reported first ({SCRIPT}) at " in said
    assert "3rd time in 30 days: it repeats INC-1999" in said
    assert f"About 1,230 requests to {SCRIPT} failed beyond the usual" in said
    assert "script" not in _Text(answer.text).tags


def test_the_chart_tells_each_thing_reached_since_when_and_how_bad(site: Site) -> None:
    errors = story()[0]
    hits = (
        Hit(kind=ReachKind.REGION, name="EU", since=errors.onset, worst=errors.id),
        Hit(
            kind=ReachKind.REACHED,
            name=SCRIPT,
            since=errors.onset,
            until=NOW,
            through=("checkout",),
        ),
    )
    site.shelf.kept[:] = [incident(blast=BlastRadius(regions=("EU",), hits=hits))]
    answer = site.open().get("/incidents/INC-2048")
    said = words(answer)

    assert "EU region 10:03 UTC goes on" in said
    assert "error rate on /checkout in EU 0.3% → 7.2%, about 24 times its level" in said
    assert "no symptom of its own; through checkout" in said
    assert answer.text.count('<svg class="span"') == 2
    assert SCRIPT not in answer.text


def test_a_merged_incident_leads_to_where_it_went(site: Site) -> None:
    site.shelf.kept[:] = [incident(state=IncidentState.MERGED, merged_into="INC-2040")]
    answer = site.open().get("/incidents/INC-2048")
    assert "was merged into INC-2040: follow it there" in words(answer)
    assert 'href="/incidents/INC-2040"' in answer.text


def test_runbooks_are_listed_and_shown(client: Browser) -> None:
    assert "RB-2: Slow <b>disks</b>" in words(client.get("/runbooks"))
    said = words(client.get("/runbooks/rb-17"))
    assert 'error_ratio{service="payment-service"} if it is > 2%, go on' in said
    assert "**When:** payments fail." in said
    assert "It has no steps." in words(client.get("/runbooks/RB-2"))


@pytest.mark.parametrize(
    "path",
    [
        "/incidents/INC-9",
        "/incidents/..%2F..%2Fetc%2Fpasswd",
        "/incidents/%00",
        "/incidents/" + "x" * 5000,
        "/runbooks/RB-99",
        "/runbooks/..%2f..%2fpyproject.toml",
        "/static/..%2fapp.py",
        "/static/../app.py",
        "/nowhere",
        "/docs",
        "/openapi.json",
    ],
)
def test_what_is_not_there_is_a_page_that_says_what_to_do(client: Browser, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "To the incidents" in words(answer)


def test_another_method_is_refused(client: Browser) -> None:
    assert client.request("DELETE", "/incidents").status_code == 405


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(nasty.incidents())
def test_no_text_of_an_incident_becomes_markup(site: Site, of: Any) -> None:
    site.shelf.kept[:] = [of, resolved(id="INC-1", title=SCRIPT)]
    browser = site.open()
    for path in ("/incidents", "/incidents/INC-2048", "/incidents/INC-1"):
        answer = browser.get(path)
        assert answer.status_code == 200
        page = _Text(answer.text)
        assert not page.tags & {"script", "img", "iframe", "b"}
        assert not {name for name in page.attributes if name.startswith("on")}
        assert SCRIPT not in answer.text


def test_a_lone_surrogate_anywhere_takes_no_page_away(site: Site) -> None:
    odd = "\ud800"
    made = resolved(id="INC-1", title=odd, owner_title=odd, runbook_id=odd, runbook_title=odd)
    site.shelf.kept[:] = [made]
    browser = site.open()
    assert browser.get("/incidents").status_code == 200
    assert browser.get("/incidents/INC-1").status_code == 200


def test_every_answer_forbids_scripts_and_frames(client: Browser) -> None:
    for path in ("/incidents", "/nowhere", "/api/incidents", rendering.STYLE_PATH):
        policy = client.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'")
        assert "script" not in policy
    assert client.get("/incidents").headers["cache-control"] == "no-store"


def test_the_stylesheet_is_found_where_the_pages_look(client: Browser) -> None:
    found = re.search(r'href="(/static/[^"]+)"', client.get("/incidents").text)
    assert found
    answer = client.get(found[1])
    assert answer.headers["content-type"].startswith("text/css")
    assert "prefers-color-scheme: dark" in answer.text


def test_with_a_token_only_those_who_know_it_read(site: Site) -> None:
    browser = site.open("http://anything.example", web_token="s3cret-token")
    password = base64.b64encode(b"me:s3cret-token").decode()
    good = ["Bearer s3cret-token", f"bAsIc {password}"]
    bad = [
        b"Bearer \xff",
        "",
        "Bearer x",
        "Bearer",
        "Basic !!!",
        "Basic /w==",
        "Digest s3cret",
        "Basic czM=",
    ]
    for path in ("/", "/incidents", "/incidents/INC-2048", "/runbooks"):
        refused = browser.get(path)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Basic")
        assert "INC-2048" not in refused.text
    statuses = [
        browser.get("/incidents", headers={"authorization": one}).status_code
        for one in (*good, *bad)
    ]
    assert statuses == [200, 200] + [401] * len(bad)
    assert browser.get("/api/incidents").headers["www-authenticate"].startswith("Bearer")


def test_without_a_token_only_names_of_this_machine_are_answered(site: Site) -> None:
    for host in ("http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"):
        assert site.open(host).get("/incidents").status_code == 200
    assert site.open("https://aiops.example").get("/incidents").status_code == 200
    refused = site.open("http://rebound.example").get("/incidents")
    assert refused.status_code == 403
    assert "AIOPS_WEB_TOKEN" in refused.text
    assert site.open().get("/incidents", headers={"host": "[x"}).status_code == 403


def test_health_needs_no_token(site: Site) -> None:
    answer = site.open("http://10.0.0.1", web_token="x").get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_incidents_are_json_too(site: Site) -> None:
    odd = incident(id="INC-3", impacts=(impact(total=float("nan")),))
    site.shelf.kept.append(odd)
    browser = site.open()
    listed = browser.get("/api/incidents", params={"limit": 1}).json()
    assert [one["id"] for one in listed] == ["INC-2048"]
    one = browser.get("/api/incidents/INC-2048").json()
    assert one["narrative"] == " ".join(STORY)
    assert (one["incident"], one["episode"], one["state"]) == ("INC-2048", 1, "open")
    assert browser.get("/api/incidents/INC-3").json()["impact"][0]["total"] is None


def test_wrong_questions_to_the_api_are_answered_in_json(client: Browser) -> None:
    missing = client.get("/api/incidents/INC-9")
    assert (missing.status_code, "lists them" in missing.json()["error"]) == (404, True)
    limit = client.get("/api/incidents", params={"limit": "all"})
    assert (limit.status_code, "query.limit" in limit.json()["error"]) == (422, True)


def test_a_database_that_does_not_answer_is_said_so(site: Site) -> None:
    class Broken:
        def recent(self, limit: int = 100) -> None:
            raise StoreError("the database is locked")

    answer = site.open(incidents=Broken()).get("/incidents")
    assert answer.status_code == 503
    assert "the database is locked. Try again" in words(answer)
    assert answer.headers["retry-after"] == "5"


def test_a_lone_surrogate_takes_no_page_away(site: Site) -> None:
    site.shelf.kept[:] = [incident(narrative=(Clause(text="\ud800 odd", source="x"),))]
    assert "? odd" in words(site.open().get("/incidents/INC-2048"))


def test_chromium_shows_the_narrative_and_runs_nothing(
    site: Site, require_program: Callable[[str], Path], tmp_path: Path
) -> None:
    chromium = require_program("chromium")
    site.shelf.kept[0] = incident(title=f"{SCRIPT} failures")
    with serve(site.open().app) as url:
        done = subprocess.run(
            [
                chromium,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                f"--user-data-dir={tmp_path / 'profile'}",
                f"--screenshot={tmp_path / 'page.png'}",
                "--window-size=900,1400",
                "--dump-dom",
                f"{url}/incidents/INC-2048",
            ],
            capture_output=True,
            text=True,
            timeout=90,
            check=True,
        )
    assert " ".join(STORY) in done.stdout
    assert SCRIPT not in done.stdout
    assert (tmp_path / "page.png").stat().st_size > 20_000


def test_the_page_of_an_incident_shows_its_logs_and_traces_and_runs_none_of_it(
    site: Site,
) -> None:
    hostile = "<script>alert(1)</script> {{ 7*7 }}"
    log = replace(NEW, text=hostile, example=hostile, url=f"https://traces.example/{TRACE}")
    found = incident(clues=Clues(logs=(log,), traces=(FAILED,)))
    site.shelf.kept[0] = found
    text = site.open().get(f"/incidents/{found.id}").text
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "{{ 7*7 }}" in text
    assert f'<a href="https://traces.example/{TRACE}" rel="noreferrer">' in text
    assert "143 times since 10:03 UTC" in text
    assert "checkout → payment-service: POST /pay failed" in text
