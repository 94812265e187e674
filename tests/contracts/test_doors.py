"""Every door there is, in one installation that is set up as the user pages say.

What a page has people paste is loaded as it stands; a kind that is new is tried without a line
here, as soon as it has a page and a golden sample.
"""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from aiops.ingest.registry import INGESTERS, page
from aiops.settings import ROW_KINDS, load
from aiops.store.engine import reading
from aiops.store.migrate import Database
from aiops.web.signatures import SIGNATURES, signature_of
from tests import builders
from tests.builders import minute
from tests.fuzzing import FUZZED, altered, damaged
from tests.sns import CERTIFICATE, signed
from tests.workers.installation import HandClock, Installation, settings_in
from workers.console import make_console
from workers.explaining import ALWAYS, explain

GOLDEN = Path(__file__).parents[1] / "golden" / "ingest"
KEY = "a-key-of-32-characters-for-tests"
WITHIN = ("events", "cloudwatch")
"""Kinds whose bodies hold what says who sent them."""
PULLED = ("prometheus", *ROW_KINDS, "xes")
"""What is not sent: asked for, or imported by a command."""
TYPES = {".json": "application/json", ".jsonl": "application/x-ndjson", ".csv": "text/csv"}
PROTOBUF = "application/x-protobuf"
OWN = {
    "changes": b'{"kind": "deploy", "service": "shop", "ref": "v2", "timestamp": 0}',
    "otlp_logs": b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{}]}]}]}',
    "otlp_traces": b'{"resourceSpans": [{"scopeSpans": [{"spans": []}]}]}',
}
PATHS = {
    "otlp_logs": "/v1/logs",
    "otlp_traces": "/v1/traces",
    "otlp_metrics": "/v1/metrics",
    "case_events": "/ingest/case-events",
    "events": "/ingest/events/v2/enqueue",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A golden body as it is sent."""

    kind: str
    name: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        return PATHS.get(self.kind, f"/ingest/{self.kind}")


def sent_of(path: Path) -> Sent:
    kind, event = path.name.split(".")[:2]
    body = path.read_bytes()
    headers = {"content-type": TYPES.get(path.suffix, PROTOBUF)}
    if path.suffix == ".v2":
        headers["content-type"] += ";proto=io.prometheus.write.v2.Request"
    if kind == "github":
        headers["x-github-event"] = event
    return Sent(kind, path.name, body, headers)


SENT = [
    *(Sent(kind, kind, body, {"content-type": "application/json"}) for kind, body in OWN.items()),
    *(one for one in map(sent_of, sorted(GOLDEN.iterdir())) if one.kind not in PULLED),
]
KINDS = sorted({one.kind for one in SENT})
CASES = [pytest.param(one, id=one.name) for one in SENT]


def pasted(kind: str) -> dict[str, Any]:
    """Return the sources that a page has people paste into `aiops.yaml`."""
    found = re.search(r"^( *)sources:\n(?:\1 +.*\n|\n)+", page(kind), re.MULTILINE)
    return dict(yaml.safe_load(dedent(found[0]))["sources"]) if found else {}


class House:
    """The real web application over real stores."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        sources = {name: one for kind in KINDS for name, one in pasted(kind).items()}
        variables = {one["token_env"] for one in sources.values() if "token_env" in one}
        file = folder / "aiops.yaml"
        file.write_text(yaml.safe_dump({"sources": sources}))
        told = load(file, {"AIOPS_WEB_TOKEN": KEY, **dict.fromkeys(variables, KEY)})
        theirs = {
            name: getattr(told, name)
            for name in told.__dataclass_fields__
            if name.endswith("sources") or name == "web"
        }
        clock = HandClock(minute(0) + timedelta(seconds=2))
        known = builders.shop()
        self.parts = Installation(settings_in(folder, redis_url), clock, known)
        self.parts.settings = replace(self.parts.settings, **theirs)
        self.app = make_console(self.parts, fetch=lambda _url: CERTIFICATE)
        self.named = {one["kind"]: name for name, one in sources.items()}

    def post(self, one: Sent, body: bytes, key: str = KEY) -> httpx.Response:
        """Send a body with every credential a sender may have."""
        signed = {how.header: how.begin + signature_of(key, body) for how in SIGNATURES.values()}
        tokens = {"authorization": f"Bearer {key}", "x-gitlab-token": key}
        headers = {**one.headers, **tokens, **signed}

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)  # what is raised inside is raised here
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1:8080"
            ) as client:
                return await client.post(one.path, content=body, headers=headers)

        return asyncio.run(send())

    def rows(self) -> Mapping[str, int]:
        """Return how many rows each table holds."""
        tables = Database.AIOPS.metadata.tables.values()
        with reading(self.parts._engine) as connection:
            return {
                one.name: connection.execute(select(func.count()).select_from(one)).scalar_one()
                for one in tables
            }


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("doors"), redis_url)
    yield made
    made.parts.dispose()


def with_key(one: Sent, document: Any, key: str = KEY) -> bytes:
    """Return a document as it is sent, with its credential where that stands in the body."""
    if one.kind == "events" and isinstance(document, dict):
        document = {**document, "routing_key": key}
    if one.kind == "cloudwatch":
        document = signed(document, "sns" if key == KEY else key)
    return json.dumps(document).encode()


def whole(one: Sent, key: str = KEY) -> bytes:
    """Return a golden body with its credential."""
    return with_key(one, json.loads(one.body), key) if one.kind in WITHIN else one.body


def judge(one: Sent, answer: httpx.Response) -> None:
    """Check that a body is taken, or refused in a way its sender can mend."""
    taken = (200, 202, 204)
    lost_key = (401,) if one.kind in WITHIN else ()
    assert answer.status_code in (*taken, *lost_key, 400, 413, 415), answer.text
    if answer.status_code == 400 and "protobuf" not in answer.headers["content-type"]:
        assert answer.text.strip() not in ("", "{}")


def test_every_kind_that_is_sent_has_a_page_and_a_golden_sample() -> None:
    assert {*KINDS} == {*INGESTERS} - {*PULLED}


@pytest.mark.parametrize("kind", [one for one in sorted(INGESTERS) if one not in PULLED])
def test_a_page_says_what_to_paste_how_it_answers_and_how_to_try_it(kind: str) -> None:
    text = page(kind)
    assert "aiops signals explain FILE --source " in text
    assert pasted(kind) or kind in ALWAYS
    assert re.search(r"40[01]|refused|dead-letters|`aiops help source", text)


@pytest.mark.parametrize("kind", sorted(INGESTERS))
def test_what_is_pasted_stands_in_fences_that_say_what_it_is(kind: str) -> None:
    told = re.split(r"^```(\w*)\n(.*?)^```$", page(kind), flags=re.MULTILINE | re.DOTALL)
    assert not any(re.search(r"\n\n    \S", prose) for prose in told[::3])
    assert all(told[1::3])


@pytest.mark.parametrize("one", CASES)
def test_a_golden_body_is_taken_by_what_its_page_says(house: House, one: Sent) -> None:
    answer = house.post(one, whole(one))
    in_part = int(answer.headers.get("x-prometheus-remote-write-samples-written", 0))
    assert answer.is_success or in_part, answer.text


@pytest.mark.parametrize("one", CASES)
def test_the_wrong_key_opens_no_door_stores_nothing_and_is_counted(house: House, one: Sent) -> None:
    before = house.rows()
    answer = house.post(one, whole(one, "another"), "another")
    assert answer.status_code == 401
    assert house.rows() == before
    assert house.parts.heard.faults.pop()[0] == "refused"


@pytest.mark.parametrize("one", CASES)
def test_what_a_golden_body_becomes_is_explained_and_nothing_stored(
    house: House, one: Sent
) -> None:
    before = house.rows()
    name = house.named.get(one.kind, one.kind)
    said = list(explain(house.parts, name, whole(one), one.headers))
    assert said
    assert all(line.isprintable() for line in said)
    assert house.rows() == before


@pytest.mark.parametrize("one", CASES)
@given(data=st.data())
@settings(max_examples=FUZZED // 2, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_no_door_breaks(house: House, one: Sent, data: st.DataObject) -> None:
    is_document = one.headers["content-type"] == "application/json"
    if is_document and data.draw(st.booleans()):
        body = with_key(one, altered(json.loads(one.body), data))
    else:
        body = damaged(whole(one), data)
    judge(one, house.post(one, body))
