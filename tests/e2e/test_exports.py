"""OTLP bodies that were acknowledged survive `kill -9` of everything, and count once."""

from datetime import datetime, timedelta
from pathlib import Path

import httpx
import orjson
import pytest

from aiops.clues.needs import ClueNeeds
from tests.e2e.stack import Installation, eventually, installed

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("demo")]

BODIES = 40


def body(at: datetime, number: int) -> bytes:
    name = {"key": "service.name", "value": {"stringValue": "payment-service"}}
    record = {
        "timeUnixNano": str(int(at.timestamp()) * 10**9 + number),
        "severityNumber": 17,
        "body": {"stringValue": f"card {number} declined"},
    }
    logs = {"resource": {"attributes": [name]}, "scopeLogs": [{"logRecords": [record]}]}
    return orjson.dumps({"resourceLogs": [logs]})


def send(one: Installation, content: bytes) -> bool:
    """Send a body; return whether it was acknowledged."""
    headers = {"content-type": "application/json"}
    try:
        answer = httpx.post(f"{one.stage.console}/v1/logs", content=content, headers=headers)
    except httpx.TransportError:
        return False
    return answer.status_code == 200


def counted(one: Installation, at: datetime) -> int:
    """Return how many lines are counted, once nothing waits any more."""
    parts, hour = one.parts(), timedelta(hours=1)
    if parts.bodies.waiting():
        return -1
    stretch = (at - hour, at + hour)
    needs = ClueNeeds(services=("payment-service",), since=stretch[0], stretches=(stretch,))
    window = parts.clues.window("prod", needs, stretch[1])
    counts = window.counts if window is not None else ()
    return sum(count for minute in counts for _, count in minute.counts)


def test_what_was_acknowledged_is_counted_once_whatever_is_killed(tmp_path: Path) -> None:
    with installed(tmp_path) as one:
        at = one.stage.story.live_from
        one.start()
        eventually(lambda: send(one, body(at, 0)), 60, "the first body is taken")
        assert all(send(one, body(at, number)) for number in range(1, BODIES // 2))
        one.kill_everything()
        one.start()
        eventually(lambda: send(one, body(at, 1)), 60, "the web server is back")
        one.kill("redis")
        assert all(send(one, body(at, number)) for number in range(BODIES))
        # Time stands still and beat runs by the real clock: the sweep finds what was accepted.
        eventually(lambda: counted(one, at) == BODIES, 60, "every body is counted once")
