"""What tools tell of changes ends up as changes of services, once, or where people can look."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import event as sql_event

from aiops.domain.change_reports import MapRule
from aiops.domain.changes import Change
from aiops.domain.errors import AiopsError, InputError
from aiops.ingest.change_reports import Mapped
from aiops.settings import CHANGE_KINDS, ChangeSourceSettings
from aiops.store.changes import merge
from aiops.web.signatures import signature_of
from tests.contracts.test_change_reports import BODIES
from tests.workers.installation import Installation
from workers.change_client import post_change
from workers.change_reports import read, receive
from workers.console import make_console

GOLDEN = Path(__file__).parent.parent / "golden" / "ingest"
GITHUB = ChangeSourceSettings(name="gh", kind="github")


def body(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


def tell(parts: Installation, event: str) -> object:
    return receive(parts, GITHUB, body(f"github.{event}"), {"x-github-event": event})


@pytest.fixture
def shop(parts: Installation) -> Installation:
    rules = (MapRule(where={"workflow": "deploy.yml"}, services=("checkout",)),)
    parts.settings = replace(parts.settings, change_map=rules)
    parts.hand.at = parts.hand.at.replace(year=2026, month=4, day=18, hour=11)
    return parts


def told(parts: Installation) -> list[tuple[str, str, str]]:
    now = parts.clock.now()
    found = parts.changes.told(now.replace(year=2020), now)
    return [(one.service, one.ref, one.status) for one in found]


def test_a_deployment_and_its_status_are_one_change_whichever_comes_first(
    shop: Installation,
) -> None:
    for event in ("deployment_status", "deployment", "deployment_status"):
        assert tell(shop, event)["accepted"] == 1  # type: ignore[index]
    assert [(ref, status) for _, ref, status in told(shop)] == [("2026.04.18-3", "finished")]


@pytest.mark.parametrize("order", ["forth", "back", "forth and back", "back and forth"])
@pytest.mark.parametrize("kind", CHANGE_KINDS)
def test_bodies_in_any_order_and_again_leave_the_same_changes(
    shop: Installation, kind: str, order: str
) -> None:
    rules = tuple(MapRule(where={"workflow": one}) for one in ("Deploy", "release"))
    shop.settings = replace(shop.settings, change_map=rules)
    source = ChangeSourceSettings(name="tool", kind=kind)
    forth = [(event, content) for tool, event, content in BODIES if tool == kind]
    whole: dict[str, Change] = {}
    for event, content in forth:
        found = read(shop, source, content, {"x-github-event": event}, shop.clock.now())
        assert isinstance(found, Mapped)
        for one in found.changes:
            whole[one.id] = merge(whole[one.id], one) if one.id in whole else one
    orders = {"forth": forth, "back": forth[::-1]}
    for part in order.split(" and "):
        for event, content in orders[part]:
            receive(shop, source, content, {"x-github-event": event})
    now = shop.clock.now()
    stored = shop.changes.told(now.replace(year=2020), now)
    assert {one.id: one for one in stored} == whole
    assert len(stored) == len(whole) > 0


def test_a_rule_of_the_settings_leads_to_the_service(shop: Installation) -> None:
    assert tell(shop, "workflow_run") == {"accepted": 1}
    assert told(shop) == [("checkout", "main@aa218f5", "finished")]


def test_what_leads_to_no_service_is_answered_so_and_is_found_again(shop: Installation) -> None:
    stray = body("github.deployment").replace(b"payment-service", b"ledger")
    answer = receive(shop, GITHUB, stray, {"x-github-event": "deployment"})
    words = "repository acme/ledger, named ledger, environment production"
    assert answer == {"accepted": 1, "unmapped": [words]}
    now = shop.clock.now()
    assert [one.about for one in shop.changes.told(now.replace(year=2020), now)] == [words]


def test_what_is_no_change_is_answered_with_why(shop: Installation) -> None:
    answer = receive(shop, GITHUB, b"{}", {"x-github-event": "push"})
    assert answer == {"accepted": 0, "why": "GitHub's 'push' says nothing of a deploy"}


def test_a_body_that_cannot_be_read_is_kept_where_people_can_look(shop: Installation) -> None:
    with pytest.raises(InputError):
        receive(shop, GITHUB, b'{"deployment": 1}', {"x-github-event": "deployment"})
    (noted,) = shop.dead_letters.noted("changes:")
    assert "deployment" in noted.note
    assert told(shop) == []
    assert [kind for kind, _ in shop.heard.faults] == ["changes"]


def answers(*codes: int) -> tuple[httpx.Client, list[httpx.Request]]:
    left, asked = list(codes), []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(left.pop(0), json={"accepted": 1})

    return httpx.Client(transport=httpx.MockTransport(handle)), asked


def test_a_pipeline_that_tells_of_a_change_waits_for_a_server_that_restarts() -> None:
    client, asked = answers(503, 502, 202)
    slept: list[float] = []
    event = {"kind": "deploy", "service": "checkout", "ref": "v2"}
    answer = post_change("http://x/", "t0", event, client=client, sleep=slept.append)
    assert answer == {"accepted": 1}
    assert slept == [1.0, 2.0]
    assert {one.headers["authorization"] for one in asked} == {"Bearer t0"}
    assert [json.loads(one.content) for one in asked] == [event] * 3


def test_a_pipeline_hears_why_its_change_was_refused_and_when_nobody_listens() -> None:
    client, asked = answers(400)
    with pytest.raises(InputError, match="answered 400"):
        post_change("http://x", "", {}, client=client, sleep=lambda _: None)
    assert len(asked) == 1
    client, asked = answers(*[503] * 7)
    with pytest.raises(AiopsError, match="in 7 attempts"):
        post_change("http://x", "", {}, client=client, sleep=lambda _: None)


def test_a_signed_webhook_comes_all_the_way_through_the_door(shop: Installation) -> None:
    signed = ChangeSourceSettings(name="gh", kind="github", tokens=(SecretStr("s3"),))
    shop.settings = replace(shop.settings, change_sources=(signed,))
    content = body("github.deployment_status")
    headers = {
        "content-type": "application/json",
        "x-github-event": "deployment_status",
        "x-hub-signature-256": f"sha256={signature_of('s3', content)}",
    }

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(make_console(shop))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post("/ingest/github", content=content, headers=headers)

    assert asyncio.run(send()).json() == {"accepted": 1}
    assert told(shop) == [("payment-service", "2026.04.18-3", "finished")]


def test_a_cluster_that_is_listed_twice_is_stored_in_two_steps_and_read_in_two(
    shop: Installation,
) -> None:
    """A list of thousands must not be compared one by one with the thousands that are known."""
    one = json.loads(body("kubernetes.deployment"))["object"]
    several = [{**one, "metadata": {**one["metadata"], "uid": f"u{n}"}} for n in range(300)]
    listed = json.dumps({"kind": "List", "items": several}).encode()
    asked: list[str] = []

    @sql_event.listens_for(shop._engine, "begin")
    def begun(_connection: object) -> None:
        asked.append("begin")

    for _ in range(2):
        source = ChangeSourceSettings(name="k8s", kind="kubernetes")
        assert receive(shop, source, listed, {})["accepted"] == 300
    assert len(told(shop)) == 300
    assert len(asked) <= 8
