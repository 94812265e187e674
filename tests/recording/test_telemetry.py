"""Logs and traces of a recording reach the incident, causally, and name what cannot be used."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from aiops.clues.replay import ClueReplay
from aiops.demo.shop import Story
from aiops.domain.clues import TelemetryBatch
from aiops.ingest import otlp_logs, otlp_traces
from aiops.recording.telemetry import read_telemetry
from tests.builders import minute
from tests.clues.made import TRACE, lines
from workers.offline.backtest import EXPORTS, run_backtests


def log_event(at: datetime, text: str, **more: Any) -> dict[str, Any]:
    return {
        "timestamp": at.isoformat(),
        "kind": "log",
        "service": "payment-service",
        "description": text,
        "attributes": {"severity": "ERROR", "trace_id": TRACE},
    } | more


def export(at: datetime, seconds: float, trace_id: str) -> dict[str, Any]:
    end = int(at.timestamp() * 1e9)
    name = {"key": "service.name", "value": {"stringValue": "payment-service"}}
    span = {
        "traceId": trace_id,
        "spanId": trace_id[:16],
        "name": "POST /pay",
        "kind": "SPAN_KIND_SERVER",
        "startTimeUnixNano": str(end - int(seconds * 1e9)),
        "endTimeUnixNano": str(end),
        "status": {"code": "STATUS_CODE_ERROR", "message": "no connection"},
    }
    spans = [{"scopeSpans": [{"spans": [span]}], "resource": {"attributes": [name]}}]
    return {"resourceSpans": spans}


@pytest.fixture
def hour(bad_hour: Path, story: Story, tmp_path: Path) -> Path:
    """The bad hour with the error logs and a failing trace of its culprit."""
    shutil.copytree(bad_hour.parent, tmp_path / "all")
    folder = tmp_path / "all" / bad_hour.name
    at = story.expected[0].started_at
    usual = [log_event(at - timedelta(minutes=n), f"retry {n} of card check") for n in range(1, 30)]
    fresh = [
        log_event(at + timedelta(seconds=n), f"card {n} declined by bank-{n}: password=x{n}y")
        for n in range(143)
    ]
    with (folder / "events.jsonl").open("ab") as file:
        file.writelines(orjson.dumps(one) + b"\n" for one in (*usual, *fresh))
    (folder / "traces.jsonl").write_bytes(orjson.dumps(export(at, 3.5, TRACE)) + b"\n")
    return folder


def test_the_incident_shows_the_new_error_and_a_failing_trace(hour: Path, tmp_path: Path) -> None:
    assert run_backtests([hour], tmp_path / "out", as_json=False) == 0
    text = (tmp_path / "out" / "incidents.json").read_bytes()
    (incident,) = orjson.loads(text)
    (log,) = incident["clues"]["logs"]
    assert (log["kind"], log["template"]) == (
        "new",
        "card <*> declined by bank-<*> password=<*>",
    ) or log["template"].startswith("card <*> declined by")
    assert (log["count"], log["before"], log["trace_id"]) == (143, 0, TRACE)
    (trace,) = incident["clues"]["traces"]
    assert (trace["trace_id"], trace["duration_seconds"], trace["failed"]) == (TRACE, 3.5, True)
    assert any("new error in payment-service" in one for one in incident["causes"][0]["evidence"])
    assert b"x7y" not in text
    page = (tmp_path / "out" / "index.html").read_text()
    assert "new error in payment-service" in page


def test_a_minute_is_known_once_it_is_over() -> None:
    replay = ClueReplay(TelemetryBatch(lines=(lines("card declined", 9, at=3),)))
    from aiops.clues.needs import ClueNeeds

    needs = ClueNeeds(
        services=("payment-service",), since=minute(0), stretches=((minute(0), minute(9)),)
    )
    replay.reach(minute(3))
    early = replay.window(needs, minute(3))
    assert early is not None
    assert early.counts == ()
    replay.reach(minute(4))
    later = replay.window(needs, minute(4))
    assert later is not None
    assert [one.counts for one in later.counts] == [((1, 9),)]


@pytest.mark.parametrize(
    ("name", "line", "problem"),
    [
        ("events.jsonl", b'{"kind": "log"}', "without service or description"),
        (
            "events.jsonl",
            b'{"kind": "log", "service": "pay", "description": "x", "timestamp": "soon"}',
            "timestamp: 'soon' is no time",
        ),
        ("logs.jsonl", b"{", "no JSON"),
        ("traces.jsonl", b'{"resourceSpans": 3}', "resourceSpans: found a number"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_with_its_place(
    tmp_path: Path, name: str, line: bytes, problem: str
) -> None:
    (tmp_path / name).write_bytes(b"\n" + line + b"\n")
    telemetry, problems = read_telemetry(tmp_path, EXPORTS, "prod")
    assert telemetry == TelemetryBatch()
    (told,) = problems
    assert told.startswith(f"{tmp_path / name}:2: ")
    assert problem in told


def test_exports_are_read_by_what_reads_them_over_http() -> None:
    assert {"logs.jsonl": otlp_logs.parse, "traces.jsonl": otlp_traces.parse} == EXPORTS
