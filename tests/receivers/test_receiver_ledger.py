import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from aiops.domain.errors import InputError
from aiops.receivers.ledger import Answer, Record
from aiops.receivers.pagerduty import PagerDutyLedger
from aiops.receivers.slack import SlackLedger

KEY = "0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 4, 18, 10, 3, tzinfo=UTC)
RECEIVER = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from aiops.receivers.pagerduty import PagerDutyLedger, create_app
from aiops.receivers.server import run
key, path = sys.argv[1:]
ledger = PagerDutyLedger(
    routing_keys={key}, clock=lambda: datetime.now(UTC), path=Path(path)
)
run(create_app(ledger), ready=lambda url: print(url, flush=True))
"""


def event(action: str, dedup_key: str | None = "INC-1/1") -> dict[str, object]:
    payload = {"summary": "errors", "source": "checkout", "severity": "critical"}
    content: dict[str, object] = {
        "routing_key": KEY,
        "event_action": action,
        "payload": payload,
    }
    return content | ({"dedup_key": dedup_key} if dedup_key else {})


def pagerduty(path: Path) -> PagerDutyLedger:
    return PagerDutyLedger(routing_keys={KEY}, clock=lambda: NOW, path=path)


def slack(path: Path) -> SlackLedger:
    return SlackLedger(
        tokens={"xoxb-1": "B1", "xoxb-2": "B2"},
        channels={"C1": "incidents"},
        clock=lambda: NOW,
        path=path,
    )


def send(ledger: PagerDutyLedger | SlackLedger, path: str, body: bytes, **headers: str) -> Answer:
    received = ledger.stamp(method="POST", path=path, query={}, headers=headers, body=body)
    answer = ledger.answer(received)
    ledger.keep(received, answer)
    return answer


def test_a_reloaded_pagerduty_has_the_same_incidents(tmp_path: Path) -> None:
    path = tmp_path / "pagerduty.jsonl"
    first = pagerduty(path)
    for content in (event("trigger"), event("resolve"), event("trigger", None), {"bad": 1}):
        send(first, "/v2/enqueue", json.dumps(content).encode())
    again = pagerduty(path)
    assert again.records == first.records
    assert again.incidents == first.incidents
    send(again, "/v2/enqueue", json.dumps(event("trigger")).encode())
    assert [record.seq for record in pagerduty(path).records] == [1, 2, 3, 4, 5]


def test_a_reloaded_slack_has_the_same_messages_and_still_knows_their_authors(
    tmp_path: Path,
) -> None:
    path = tmp_path / "slack.jsonl"
    first = slack(path)
    form = {"content-type": "application/x-www-form-urlencoded"}
    posted = send(
        first, "/api/chat.postMessage", b"channel=C1&text=hello&token=xoxb-2", **form
    ).content
    blocks = '[{"type":"divider"}]'
    body = {"channel": "C1", "ts": posted["ts"], "text": "bye", "blocks": blocks}
    as_json = {"content-type": "application/json", "authorization": "Bearer xoxb-2"}
    send(first, "/api/chat.update", json.dumps(body).encode(), **as_json)
    send(first, "/response/r1", b'{"text": "steps"}', **{"content-type": "application/json"})
    again = slack(path)
    assert "xoxb" not in path.read_text()
    assert again.messages == first.messages
    assert again.messages[0].bot_id == "B2"
    assert again.responses == first.responses
    other = {"content-type": "application/json", "authorization": "Bearer xoxb-1"}
    refused = send(again, "/api/chat.update", json.dumps(body).encode(), **other)
    assert refused.content["error"] == "cant_update_message"


def test_a_line_torn_by_a_kill_is_dropped_and_the_file_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "pagerduty.jsonl"
    send(pagerduty(path), "/v2/enqueue", json.dumps(event("trigger")).encode())
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    again = pagerduty(path)
    assert len(again.records) == 1
    send(again, "/v2/enqueue", json.dumps(event("resolve")).encode())
    assert pagerduty(path).open_incidents == ()
    path.write_bytes(whole[:40])
    assert pagerduty(path).records == ()
    assert path.read_bytes() == b""


def test_a_foreign_file_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "pagerduty.jsonl"
    path.write_text('{"seq": 1}\n')
    with pytest.raises(InputError, match="line 1: not a receiver's record"):
        pagerduty(path)


def test_a_record_survives_its_line() -> None:
    record = Record(
        seq=1,
        at=NOW,
        method="POST",
        path="/v2/enqueue",
        query={},
        headers={},
        body={"a": [1]},
        accepted=True,
        status=202,
        answer={"status": "success"},
    )
    assert Record.from_json(record.to_json()) == record


@pytest.mark.e2e
def test_a_killed_receiver_has_lost_nothing_it_answered(tmp_path: Path) -> None:
    path = tmp_path / "pagerduty.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-c", RECEIVER, KEY, str(path)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        for number in range(20):
            answer = httpx.post(f"{url}/v2/enqueue", json=event("trigger", f"INC-{number}/1"))
            assert answer.status_code == 202
        process.send_signal(signal.SIGKILL)
    assert len(pagerduty(path).open_incidents) == 20
