import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.receivers.ledger import Answer, Received
from aiops.receivers.pagerduty import IncidentStatus, PagerDutyLedger, create_app
from aiops.receivers.server import serve

ROUTING_KEY = "0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 4, 18, 10, 3, tzinfo=UTC)
EVENTS_SCHEMA = (
    Path(__file__).parents[3]
    / "shared/data/integrations/pagerduty/events_v2_strict_overlay_openapi.json"
)

Event = dict[str, Any]


def trigger(**changes: Any) -> Event:
    payload = {"summary": "errors at 7.2%", "source": "checkout", "severity": "critical"}
    event: Event = {
        "routing_key": ROUTING_KEY,
        "event_action": "trigger",
        "dedup_key": "INC-1/1",
        "payload": payload,
    }
    return event | changes


def follow_up(action: str, **changes: Any) -> Event:
    event = {"routing_key": ROUTING_KEY, "event_action": action, "dedup_key": "INC-1/1"}
    return event | changes


def new_ledger(path: Path | None = None) -> PagerDutyLedger:
    return PagerDutyLedger(routing_keys={ROUTING_KEY}, clock=lambda: NOW, path=path)


def send(ledger: PagerDutyLedger, event: object, path: str = "/v2/enqueue") -> Answer:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    received = ledger.stamp(method="POST", path=path, query={}, headers={}, body=body)
    answer = ledger.answer(received)
    ledger.keep(received, answer)
    return answer


def test_more_than_its_rate_is_throttled_by_routing_key_until_a_minute_has_passed() -> None:
    times = iter([NOW + timedelta(seconds=seconds) for seconds in (0, 1, 2, 59, 60, 60.5)])
    ledger = PagerDutyLedger(routing_keys={ROUTING_KEY}, clock=lambda: next(times), per_minute=2)
    answers = [send(ledger, trigger(dedup_key=str(number))).status for number in range(6)]
    assert answers == [202, 202, 429, 429, 202, 429]
    assert len(ledger.incidents) == 3


def with_payload(**changes: Any) -> Event:
    return trigger(payload=trigger()["payload"] | changes)


def test_a_trigger_is_accepted_and_opens_an_incident() -> None:
    ledger = new_ledger()
    answer = send(ledger, trigger())
    assert answer.status == 202
    assert answer.content == {
        "status": "success",
        "message": "Event processed",
        "dedup_key": "INC-1/1",
    }
    (incident,) = ledger.incidents
    assert incident.status is IncidentStatus.TRIGGERED
    assert incident.opened_at == NOW


def test_a_second_trigger_updates_the_open_incident() -> None:
    ledger = new_ledger()
    send(ledger, trigger())
    send(ledger, with_payload(summary="errors at 9%", severity="warning"))
    (incident,) = ledger.incidents
    assert (incident.summary, incident.severity) == ("errors at 9%", "warning")
    assert incident.count("trigger") == 2


def test_acknowledge_then_resolve_closes_the_incident() -> None:
    ledger = new_ledger()
    send(ledger, trigger())
    send(ledger, follow_up("acknowledge"))
    assert ledger.open_incidents[0].status is IncidentStatus.ACKNOWLEDGED
    send(ledger, follow_up("resolve"))
    assert ledger.open_incidents == ()
    (incident,) = ledger.of("INC-1/1")
    assert [event.action for event in incident.events] == ["trigger", "acknowledge", "resolve"]
    assert incident.resolved_at == NOW


def test_a_trigger_after_a_resolve_opens_a_new_incident() -> None:
    ledger = new_ledger()
    for event in (trigger(), follow_up("resolve"), trigger()):
        send(ledger, event)
    assert [incident.number for incident in ledger.of("INC-1/1")] == [1, 2]
    assert [incident.number for incident in ledger.open_incidents] == [2]


def test_a_resolve_of_nothing_is_accepted_without_effect() -> None:
    ledger = new_ledger()
    assert send(ledger, follow_up("resolve")).status == 202
    assert ledger.incidents == ()
    assert [event.action for event in ledger.without_effect] == ["resolve"]


def test_the_same_dedup_key_on_two_integrations_makes_two_incidents() -> None:
    other = "f" * 32
    ledger = PagerDutyLedger(routing_keys={ROUTING_KEY, other}, clock=lambda: NOW)
    send(ledger, trigger())
    send(ledger, trigger(routing_key=other))
    assert len(ledger.open_incidents) == 2


def test_a_trigger_without_dedup_key_is_given_one_of_its_own() -> None:
    ledger = new_ledger()
    event = trigger()
    del event["dedup_key"]
    keys = {send(ledger, event).content["dedup_key"] for _ in range(2)}
    assert len(keys) == 2
    assert len(ledger.incidents) == 2


REFUSED: Mapping[str, tuple[object, str]] = {
    "routing key missing": (trigger(routing_key=""), "'routing_key' is missing or blank"),
    "routing key short": (
        trigger(routing_key="abc"),
        "Length of 'routing_key' is incorrect (should be 32 characters)",
    ),
    "routing key with signs": (
        trigger(routing_key="-" * 32),
        "'routing_key' cannot contain non-alphanumeric characters.",
    ),
    "routing key unknown": (trigger(routing_key="a" * 32), "Invalid routing key"),
    "action missing": (trigger(event_action=None), "'event_action' is missing or blank"),
    "action unknown": (trigger(event_action="page"), "'event_action' is invalid"),
    "resolve without key": (follow_up("resolve", dedup_key=None), "'dedup_key' is missing"),
    "key too long": (trigger(dedup_key="k" * 256), "'dedup_key' is too long"),
    "key no string": (trigger(dedup_key=7), "'dedup_key' is invalid"),
    "payload missing": (trigger(payload=None), "'payload' is missing or blank"),
    "summary missing": (with_payload(summary=""), "'payload.summary' is missing or blank"),
    "summary too long": (
        with_payload(summary="s" * 1025),
        "'summary' is too long (maiximum is 1024 characters)",
    ),
    "source missing": (with_payload(source=None), "'payload.source' is missing or blank"),
    "severity missing": (with_payload(severity=None), "'payload.severity' is missing or blank"),
    "severity unknown": (with_payload(severity="P1"), "'payload.severity' is invalid"),
    "severity no string": (with_payload(severity=["error"]), "'payload.severity' is invalid"),
    "component no string": (with_payload(component=1), "'payload.component' is invalid"),
    "time no time": (with_payload(timestamp="yesterday"), "'payload.timestamp' is invalid"),
    "details no object": (with_payload(custom_details="x"), "'payload.custom_details' is"),
    "links no list": (trigger(links={}), "'links' is invalid"),
    "link without address": (trigger(links=[{"text": "x"}]), "'links[0].href' is missing"),
    "link no address": (trigger(links=[{"href": "RB-17"}]), "'links[0].href' is invalid"),
    "image over http": (
        trigger(images=[{"src": "http://x.example/y.png"}]),
        "'images[0].src' is invalid (must be served via HTTPS)",
    ),
    "client no string": (trigger(client=1), "'client' is invalid"),
    "client address no address": (trigger(client_url="x"), "'client_url' is invalid"),
    "too large": (with_payload(custom_details={"x": "y" * 512_000}), "The event is too large"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_invalid_event_is_refused_with_its_reason_and_changes_nothing(case: str) -> None:
    event, reason = REFUSED[case]
    ledger = new_ledger()
    answer = send(ledger, event)
    assert answer.status == 400
    assert answer.content["status"] == "invalid event"
    assert answer.content["message"] == "Event object is invalid"
    assert any(error.startswith(reason) for error in answer.content["errors"])
    assert ledger.incidents == ()
    assert not ledger.records[0].accepted


@pytest.mark.parametrize("body", [b"{", b"[1]", b"", b"\xff", b"null"])
def test_what_is_no_json_object_is_an_unrecognized_object(body: bytes) -> None:
    answer = send(new_ledger(), body)
    assert (answer.status, answer.content["status"]) == (400, "Unrecognized object")


def test_everything_at_its_limit_is_accepted() -> None:
    event = trigger(
        dedup_key="k" * 255,
        client="aiops",
        client_url="http://127.0.0.1:8000/incidents/INC-1",
        links=[{"href": "https://x.example/RB-17", "text": "RB-17"}],
        images=[{"src": "https://x.example/chart.png", "alt": "chart"}],
        payload=trigger()["payload"]
        | {
            "summary": "s" * 1024,
            "timestamp": "2015-07-17T08:42:58.315+0000",
            "custom_details": {"cause": "2026.04.18-3"},
        },
    )
    assert send(new_ledger(), event).status == 202


def test_change_events_are_kept_and_open_nothing() -> None:
    ledger = new_ledger()
    change = {"routing_key": ROUTING_KEY, "payload": {"summary": "deploy 2026.04.18-3"}}
    assert send(ledger, change, "/v2/change/enqueue").content == {
        "status": "success",
        "message": "Change event processed",
    }
    assert ledger.changes == (change,)
    assert ledger.incidents == ()
    assert send(ledger, {**change, "payload": {}}, "/v2/change/enqueue").status == 400


def test_other_paths_and_methods_are_refused() -> None:
    ledger = new_ledger()
    assert send(ledger, trigger(), "/v1/enqueue").status == 404
    received = ledger.stamp(method="GET", path="/v2/enqueue", query={}, headers={}, body=b"")
    assert ledger.answer(received).status == 405


@given(actions=st.lists(st.sampled_from(["trigger", "acknowledge", "resolve"]), max_size=12))
def test_at_most_one_incident_of_a_key_is_open_and_no_event_is_lost(actions: list[str]) -> None:
    ledger = new_ledger()
    for action in actions:
        send(ledger, trigger() if action == "trigger" else follow_up(action))
    assert len(ledger.open_incidents) <= 1
    kept = sum(len(incident.events) for incident in ledger.incidents)
    assert kept + len(ledger.without_effect) == len(actions)
    for incident in ledger.incidents:
        resolves = [event.action == "resolve" for event in incident.events]
        assert incident.events[0].action == "trigger"
        assert not any(resolves[:-1])


if EVENTS_SCHEMA.exists():  # a clean clone has no ../shared, and that is no skip

    def test_what_the_official_schema_refuses_is_refused_here_too() -> None:
        jsonschema = pytest.importorskip("jsonschema")

        document = json.loads(EVENTS_SCHEMA.read_text())
        content = document["paths"]["/v2/enqueue"]["post"]["requestBody"]["content"]
        schema = content["application/json"]["schema"] | {"components": document["components"]}
        validator = jsonschema.Draft202012Validator(schema)
        for event in (trigger(), follow_up("resolve"), follow_up("acknowledge")):
            assert validator.is_valid(event)
            assert send(new_ledger(), event).status == 202
        invalid = [event for event, _ in REFUSED.values() if not validator.is_valid(event)]
        assert len(invalid) > 10
        assert {send(new_ledger(), event).status for event in invalid} == {400}
        example = content["application/json"]["examples"]["event"]["value"]
        assert send(new_ledger(), example | {"routing_key": ROUTING_KEY}).status == 202


def test_every_request_is_recorded_over_http(clock: Any) -> None:
    ledger = PagerDutyLedger(routing_keys={ROUTING_KEY}, clock=clock.now)
    with serve(create_app(ledger)) as url:
        headers = {"x-request-id": "7", "authorization": "Token token=secret"}
        answer = httpx.post(f"{url}/v2/enqueue", json=trigger(), headers=headers)
        assert answer.status_code == 202
        assert answer.headers["content-type"] == "application/json"
        assert httpx.post(f"{url}/v2/enqueue", json={}).status_code == 400
        kept = httpx.get(f"{url}/_records").json()
    assert "secret" not in json.dumps(kept)
    first, second = kept["records"]
    assert (first["seq"], first["method"], first["path"]) == (1, "POST", "/v2/enqueue")
    assert first["body"] == trigger()
    assert first["headers"]["x-request-id"] == "7"
    assert first["at"] == "2026-04-18T10:03:00+00:00"
    assert (second["seq"], second["status"], second["accepted"]) == (2, 400, False)
    assert kept["incidents"][0]["counts"] == {"trigger": 1, "acknowledge": 0, "resolve": 0}


ALERTMANAGER_CONFIG = """
global: {{resolve_timeout: 1s}}
route: {{receiver: pager, group_by: [alertname], group_wait: 0s, group_interval: 1s}}
receivers:
- name: pager
  pagerduty_configs:
  - routing_key: {key}
    url: {url}/v2/enqueue
    send_resolved: true
    severity: critical
"""


@contextmanager
def alertmanager(binary: Path, url: str, folder: Path) -> Iterator[str]:
    config = folder / "alertmanager.yml"
    config.write_text(ALERTMANAGER_CONFIG.format(key=ROUTING_KEY, url=url))
    port = _free_port()
    address = f"127.0.0.1:{port}"
    process = subprocess.Popen(
        [
            binary,
            f"--config.file={config}",
            f"--storage.path={folder}",
            f"--web.listen-address={address}",
            "--cluster.listen-address=",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: _is_ready(f"http://{address}/-/ready"), seconds=20)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def wait_for(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_real_alertmanager_opens_and_resolves_an_incident(
    tmp_path: Path, require_program: Callable[[str], Path]
) -> None:
    binary = require_program("prometheus-alertmanager")
    ledger = new_ledger()
    alert: Event = {"labels": {"alertname": "CheckoutErrors", "service": "checkout"}}
    with serve(create_app(ledger)) as url, alertmanager(binary, url, tmp_path) as peer:
        httpx.post(f"{peer}/api/v2/alerts", json=[alert]).raise_for_status()
        wait_for(lambda: ledger.open_incidents, seconds=20)
        ended = alert | {"endsAt": datetime.now(UTC).isoformat()}
        httpx.post(f"{peer}/api/v2/alerts", json=[ended]).raise_for_status()
        wait_for(lambda: not ledger.open_incidents, seconds=20)
    (incident,) = ledger.incidents
    assert "CheckoutErrors" in incident.summary
    assert all(record.status == 202 for record in ledger.records)


def test_a_received_request_knows_its_media_type() -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    received = Received(seq=1, at=NOW, method="POST", path="/", headers=headers, body=b"no")
    assert received.media_type == "application/json"
    assert received.content() == "no"
