"""What a person types beside a running `aiops up`, in a shell that knows of no Redis."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.running import PATIENCE_SECONDS, Running, running
from tests.e2e.stack import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("commands-beside")]

SETTINGS = """
topology: topology.yaml
sources:
  am: {kind: alertmanager}
  orders: {kind: case_events}
"""
TOPOLOGY = """
services:
  checkout: {team: shop, tier: 1, calls: [checkout-db]}
  checkout-db: {team: shop, tier: 1}
"""
LOG = "case_id,event_name,timestamp,actor\n4711,ordered,2026-04-18T10:00:00Z,customer\n"

READING = [
    "cases list",
    "cases quality",
    "change list",
    "deliveries list",
    "doctor",
    "incident list",
    "journeys",
    "maintenance list",
    "marks list",
    "series",
    "shadow report",
    "signals alerts",
    "signals dead-letters",
    "signals feeds",
    "signals metrics",
    "signals unmapped",
    "silence list",
    "topology check",
    "topology show",
]


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("beside")
    (folder / "topology.yaml").write_text(TOPOLOGY)
    (folder / "orders.csv").write_text(LOG)
    with running(folder, SETTINGS) as found:
        eventually(
            lambda: found.post("/ingest/alertmanager", alert("First")), PATIENCE_SECONDS, "it runs"
        )
        yield found


def alert(name: str) -> bytes:
    labels = {"alertname": name, "service": "checkout", "severity": "critical"}
    told = {"status": "firing", "labels": labels, "startsAt": "2026-04-18T10:00:00Z"}
    return json.dumps({"version": "4", "alerts": [told]}).encode()


def succeeds(one: Running, *command: str) -> str:
    """Give a command that has to succeed; return what it says."""
    done = one.give(*command)
    assert_clean(done)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def assert_clean(done: subprocess.CompletedProcess[str]) -> None:
    assert "Traceback" not in done.stderr, done.stderr


def incidents(one: Running) -> list[dict[str, object]]:
    told = json.loads(succeeds(one, "incident", "list", "--all", "--json"))
    return list(told["incidents"])


def test_a_person_declares_an_incident_and_brings_it_to_its_end(one: Running) -> None:
    succeeds(one, "incident", "declare", "checkout-db", "no orders come in")

    def declared() -> list[str]:
        return [str(found["incident"]) for found in incidents(one) if "no orders" in str(found)]

    eventually(lambda: bool(declared()), PATIENCE_SECONDS, "the report is an incident")
    (name,) = declared()
    said = [
        ("reported", name, "--at", "2026-04-18T09:58", "--through", "support"),
        ("ack", name, "--by", "ann"),
        ("assign", name, "--to", "bob", "--by", "ann"),
        ("useful", name, "--by", "ann"),
        ("mitigate", name, "--by", "bob"),
        ("fixed", name, "--action", "restarted it", "--by", "bob"),
        ("show", name),
        ("draft", name),
        ("resolve", name, "--by", "bob", "--reason", "fixed"),
        ("retro", name),
    ]
    for command in said:
        succeeds(one, "incident", *command)
    succeeds(one, "judge", name, "--real", "--by", "bob")

    def is_over() -> bool:
        return any(
            found["incident"] == name and found["state"] == "resolved" for found in incidents(one)
        )

    eventually(is_over, PATIENCE_SECONDS, "what was said is done")


def test_planned_work_and_silences_come_and_go(one: Running) -> None:
    succeeds(one, "maintenance", "add", "checkout-db", "--for", "2h", "--why", "new disks")
    assert "new disks" in succeeds(one, "maintenance", "list")
    succeeds(one, "maintenance", "end", "MNT-1", "--why", "done early")
    succeeds(one, "silence", "add", "service=checkout", "--for", "2h", "--why", "load test")
    assert "load test" in succeeds(one, "silence", "list")
    succeeds(one, "silence", "expire", "SIL-1", "--why", "over")


def test_a_log_is_taken_in_and_its_case_shown(one: Running) -> None:
    succeeds(one, "cases", "import", "orders.csv")
    assert "ordered" in succeeds(one, "cases", "show", "orders", "4711")


def test_a_body_that_could_not_be_read_is_listed_and_replayed_with_the_reason(
    one: Running,
) -> None:
    assert not one.post("/ingest/alertmanager", b'{"version": "4"}')
    told = succeeds(one, "signals", "dead-letters", "--json")
    letter = str(json.loads(told)[0]["id"])
    done = one.give("signals", "replay", letter)
    assert_clean(done)
    assert done.returncode != 0
    assert "still cannot be read" in done.stdout + done.stderr


@pytest.mark.parametrize("command", READING)
def test_whatever_is_asked_is_answered(one: Running, command: str) -> None:
    done = one.give(*command.split())
    assert_clean(done)
    assert done.returncode in (0, 1), done.stderr
    assert (done.stdout + done.stderr).strip()
