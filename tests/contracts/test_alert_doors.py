"""Every door for outside alerts takes or refuses whatever comes, and says where it is wrong."""

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident
from aiops.ingest.alert_bodies import Received
from aiops.ingest.registry import ingester_named
from aiops.settings import ALERT_KINDS, AlertSourceSettings
from aiops.web.app import create_app
from aiops.web.services import WebServices
from tests.contracts.test_ingesters import ZABBIX
from tests.fuzzing import FUZZED, altered, damaged
from tests.sns import CERTIFICATE, TOPIC, signed

FOLDER = Path(__file__).parent.parent / "golden" / "ingest"
BODIES = [
    pytest.param(kind, path.read_bytes(), id=path.stem)
    for kind in ALERT_KINDS
    for path in sorted(FOLDER.glob(f"{kind}.*.json"))
]
SOURCES = {
    "alertmanager": AlertSourceSettings(name="am", kind="alertmanager"),
    "grafana": AlertSourceSettings(name="graf", kind="grafana"),
    "cloudwatch": AlertSourceSettings(name="aws", kind="cloudwatch", topics=(TOPIC,)),
    "alerts": ZABBIX,
    "events": AlertSourceSettings(
        name="pager", kind="events", token_env="K", tokens=(SecretStr("key-1"),)
    ),
}
PATHS = {
    "alertmanager": "/ingest/alertmanager",
    "grafana": "/ingest/grafana",
    "cloudwatch": "/ingest/cloudwatch",
    "alerts": "/ingest/alerts",
    "events": "/ingest/events/v2/enqueue",
}
NOW = datetime(2026, 4, 18, 10, 5, tzinfo=UTC)


class Standing:
    def now(self) -> datetime:
        return NOW


class Nothing:
    def recent(self, limit: int = 100) -> Sequence[Incident]:
        return ()

    def get(self, incident_id: str) -> None:
        return None


def parse(kind: str, body: bytes) -> Received:
    found: Received = ingester_named(kind)(body, NOW, SOURCES[kind], "prod")
    return found


def take(source: str, body: bytes, at: datetime) -> "Future[None]":
    assert at == NOW
    kind = next(kind for kind, one in SOURCES.items() if one.name == source)
    kept: Future[None] = Future()
    try:
        parse(kind, body)
    except InputError as error:
        kept.set_exception(error)
    else:
        kept.set_result(None)
    return kept


APP = create_app(
    WebServices(
        incidents=Nothing(),
        parse_changes=lambda _body, _at: (),
        record_changes=lambda _changes: None,
        clock=Standing(),
        real_clock=Standing(),
        alert_sources=tuple(SOURCES.values()),
        take_alerts=take,
        fetch=lambda url: CERTIFICATE,
    )
)


def post(kind: str, body: bytes) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(APP)  # what the application raises is raised here
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            headers = {"content-type": "application/json"}
            return await client.post(PATHS[kind], content=body, headers=headers)

    return asyncio.run(send())


def judge(kind: str, body: bytes) -> None:
    """Check that a body is taken, or refused with the reason and its place."""
    answer = post(kind, body)
    if kind in ("events", "cloudwatch") and answer.status_code == 401:
        return  # the routing key was lost, or the topic or what says where the certificate is
    assert answer.status_code in (202, 400)
    if answer.status_code == 400:
        said = answer.json()
        text = said["errors"][0] if kind == "events" else said["error"]
        assert "found" in text
        assert "expected" in text or "more" in text


def with_key(kind: str, document: Any) -> bytes:
    """Return a body, with its credential where it still is one."""
    if kind == "events" and isinstance(document, dict):
        document = {**document, "routing_key": "key-1"}
    if kind == "cloudwatch":
        document = signed(document)
    return json.dumps(document).encode()


def test_every_kind_has_a_golden_body_that_is_taken() -> None:
    assert {one.values[0] for one in BODIES} == set(ALERT_KINDS)
    for one in BODIES:
        kind, body = one.values
        assert isinstance(kind, str)
        assert isinstance(body, bytes)
        assert post(kind, with_key(kind, orjson.loads(body))).status_code == 202


@pytest.mark.parametrize("body", [b"", b"null", b"3", b"{", b'"x"', b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize("kind", ALERT_KINDS)
def test_what_is_no_body_at_all_is_refused(kind: str, body: bytes) -> None:
    judge(kind, body)
    with pytest.raises(InputError, match="found"):
        parse(kind, body)


@pytest.mark.parametrize(("kind", "body"), BODIES)
@given(data=st.data())
@settings(max_examples=FUZZED, deadline=None)
def test_whatever_stands_in_a_body_it_is_taken_or_refused_with_the_place(
    kind: str, body: bytes, data: st.DataObject
) -> None:
    judge(kind, with_key(kind, altered(json.loads(body), data)))


@pytest.mark.parametrize(("kind", "body"), BODIES)
@given(data=st.data())
@settings(max_examples=FUZZED, deadline=None)
def test_whatever_happens_to_its_bytes_it_is_taken_or_refused(
    kind: str, body: bytes, data: st.DataObject
) -> None:
    judge(kind, damaged(with_key(kind, json.loads(body)), data))
