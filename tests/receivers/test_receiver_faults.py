import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from aiops.domain.errors import AdapterError, InputError
from aiops.receivers.faults import Fault, FaultKind, FaultPlan, parse_faults
from aiops.receivers.pagerduty import PagerDutyLedger, create_app
from aiops.receivers.server import serve

KEY = "0123456789abcdef0123456789abcdef"
EVENT = {
    "routing_key": KEY,
    "event_action": "trigger",
    "dedup_key": "INC-1/1",
    "payload": {"summary": "errors", "source": "checkout", "severity": "critical"},
}


@pytest.fixture
def ledger() -> PagerDutyLedger:
    return PagerDutyLedger(
        routing_keys={KEY}, clock=lambda: datetime(2026, 4, 18, 10, 3, tzinfo=UTC)
    )


@pytest.fixture
def plan() -> FaultPlan:
    return FaultPlan()


@pytest.fixture
def client(ledger: PagerDutyLedger, plan: FaultPlan) -> Iterator[httpx.Client]:
    with serve(create_app(ledger, plan)) as url, httpx.Client(base_url=url, timeout=5) as client:
        yield client


def post(client: httpx.Client) -> httpx.Response:
    return client.post("/v2/enqueue", json=EVENT)


@pytest.mark.parametrize("status", [400, 429, 500, 503])
def test_a_refusal_is_given_as_often_as_planned_then_the_receiver_is_well(
    client: httpx.Client, ledger: PagerDutyLedger, plan: FaultPlan, status: int
) -> None:
    plan.add(Fault(kind=FaultKind.STATUS, path="/v2/enqueue", status=status, times=2))
    assert [post(client).status_code for _ in range(3)] == [status, status, 202]
    assert [record.fault for record in ledger.records] == ["status", "status", None]
    assert len(ledger.incidents[0].events) == 1


def test_garbage_is_a_success_nobody_can_read(
    client: httpx.Client, ledger: PagerDutyLedger, plan: FaultPlan
) -> None:
    plan.add(Fault(kind=FaultKind.GARBAGE))
    answer = post(client)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"codec|Expecting"):
        answer.json()
    assert ledger.incidents == ()


def test_a_hang_outlasts_the_sender_yet_the_event_was_taken(
    client: httpx.Client, ledger: PagerDutyLedger, plan: FaultPlan
) -> None:
    plan.add(Fault(kind=FaultKind.HANG, seconds=0.6))
    with pytest.raises(httpx.ReadTimeout):
        client.post("/v2/enqueue", json=EVENT, timeout=0.1)
    assert len(ledger.incidents) == 1


@pytest.mark.parametrize(
    ("kind", "incidents"), [(FaultKind.CUT_BEFORE, 0), (FaultKind.CUT_AFTER, 1)]
)
def test_a_cut_connection_gives_the_sender_no_answer(
    client: httpx.Client, ledger: PagerDutyLedger, plan: FaultPlan, kind: FaultKind, incidents: int
) -> None:
    plan.add(Fault(kind=kind))
    with pytest.raises(httpx.TransportError):
        post(client)
    assert len(ledger.incidents) == incidents
    assert ledger.records[0].status is None
    assert post(client).status_code == 202


def test_faults_are_planned_and_taken_back_over_http(client: httpx.Client) -> None:
    faults = [{"kind": "status", "status": 429, "times": 3, "retry_after_seconds": 7}]
    answer = client.post("/_faults", json={"faults": faults})
    assert answer.json()["faults"][0]["times"] == 3
    assert post(client).json()["status"] == "throttle exceeded"
    assert client.get("/_faults").json()["faults"][0]["times"] == 2
    assert client.delete("/_faults").json() == {"faults": []}
    assert post(client).status_code == 202


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "unexpected"),
        ("[]", "expected"),
        ('{"faults": [{"kind": "fire"}]}', "fire"),
        ('{"faults": [{"kind": "hang", "when": 1}]}', "expected an object with keys among"),
        ('{"faults": [{"kind": "status", "times": 0}]}', "at least 1"),
        ('{"faults": [{"kind": "status", "status": 200}]}', "400 to 599"),
        ('{"faults": [{"kind": "hang", "seconds": -1}]}', "0 to 600"),
        ('{"faults": [{"kind": "hang", "seconds": "x"}]}', "faults"),
    ],
)
def test_a_wrong_plan_is_refused_with_its_reason(
    client: httpx.Client, body: str, reason: str
) -> None:
    answer = client.post("/_faults", content=body)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]


def test_an_unknown_control_is_not_found(client: httpx.Client) -> None:
    assert client.get("/_nothing").status_code == 404
    assert client.put("/_faults").status_code == 404


def test_a_fault_meets_only_its_path() -> None:
    plan = FaultPlan([Fault(kind=FaultKind.GARBAGE, path="/a")])
    assert plan.take("/b") is None
    assert plan.take("/a") is not None
    assert plan.pending == ()


def test_faults_survive_their_json() -> None:
    plan = FaultPlan([Fault(kind=FaultKind.HANG, seconds=2.5, times=3)])
    assert parse_faults({"faults": plan.to_json()}) == plan.pending


def test_what_is_no_plan_is_named() -> None:
    with pytest.raises(InputError, match="faults"):
        parse_faults(None)


@pytest.mark.anyio
async def test_without_a_connection_a_cut_is_a_reset(ledger: PagerDutyLedger) -> None:
    app = create_app(ledger, FaultPlan([Fault(kind=FaultKind.CUT_AFTER)]))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://pagerduty"
    ) as client:
        with pytest.raises(ConnectionResetError):
            await client.post("/v2/enqueue", json=EVENT)


def test_a_hanging_request_does_not_keep_the_server_from_stopping(ledger: PagerDutyLedger) -> None:
    plan = FaultPlan([Fault(kind=FaultKind.HANG, seconds=60)])
    with warnings.catch_warnings(), serve(create_app(ledger, plan)) as url:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/v2/enqueue", json=EVENT, timeout=0.1)
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 5


def test_a_taken_port_is_named(client: httpx.Client, ledger: PagerDutyLedger) -> None:
    port = client.base_url.port
    assert port is not None
    with pytest.raises(AdapterError, match=str(port)), serve(create_app(ledger), port):
        pass
