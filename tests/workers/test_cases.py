"""Event logs of a running installation: sent, imported, looked at, and judged."""

import asyncio
import gzip
import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from aiops.domain.errors import InputError
from aiops.settings import CaseSourceSettings
from tests.workers.installation import Installation
from workers import cli
from workers.cases import MOST_KEPT, import_file, receive
from workers.console import make_console

ORDERS = CaseSourceSettings(name="orders", tokens=(SecretStr("t0"),), token_env="AIOPS_T")
GOLDEN = Path(__file__).parents[1] / "golden" / "ingest" / "case_events.orders.csv"
BODY = GOLDEN.read_bytes()
XES = GOLDEN.with_name("xes.orders.xes").read_bytes()
JSON = {"content-type": "application/x-ndjson"}
CSV = {"content-type": "text/csv; charset=utf-8"}


@pytest.fixture
def shop(parts: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    parts.settings = replace(parts.settings, case_sources=(ORDERS,))
    for module in ("cases", "signals"):
        monkeypatch.setattr(f"workers.commands.{module}.client", lambda _config: parts)
    return parts


def events(parts: Installation) -> int:
    return sum(one.events for one in parts.cases.logs())


def test_good_rows_are_taken_and_bad_ones_answered_and_kept(shop: Installation) -> None:
    answer = receive(shop, ORDERS, BODY, is_json=False)
    assert {key: answer[key] for key in ("accepted", "known", "refused")} == {
        "accepted": 4,
        "known": 0,
        "refused": 3,
    }
    assert answer["reasons"] == [
        {"line": 4, "why": "case_id: found nothing, expected a text"},
        {"line": 5, "why": "timestamp: found 'yesterday', expected a time, as "
         "2026-04-18T10:01:00Z or epoch seconds"},
        {"line": 6, "why": "amount: found '1,99', expected a number, as 1999.99"},
    ]  # fmt: skip
    kept = shop.dead_letters.noted("case_events:")
    assert [one.note.partition(":")[0] for one in kept] == ["line 6", "line 5", "line 4"]
    assert kept[2].beginning == b",packed,2026-04-18T10:13:00Z,warehouse,,EU,,"


def test_the_same_body_again_changes_nothing(shop: Installation) -> None:
    for known in (0, 4):
        assert receive(shop, ORDERS, BODY, is_json=False)["known"] == known
    assert (events(shop), len(shop.dead_letters.noted("case_events:"))) == (4, 3)
    assert shop.cases.refused("orders") == {"case_id": 1, "timestamp": 1, "amount": 1}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"a,b\n1,2\n", "expected 'case_id' among them"),
        (b"case_id,event_name,timestamp\n,a,0\n", "line 2: case_id: found nothing"),
        (b"\xff\xfe", "expected UTF-8"),
    ],
)
def test_a_body_of_which_nothing_can_be_taken_is_refused_and_kept(
    shop: Installation, body: bytes, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        receive(shop, ORDERS, body, is_json=False)
    (noted,) = shop.dead_letters.noted("case_events:")
    assert says in noted.note
    assert events(shop) == 0


def test_what_is_older_than_is_kept_is_refused_and_not_forgotten_in_silence(
    shop: Installation,
) -> None:
    body = b'{"case_id": 1, "event_name": "a", "timestamp": "2020-01-01T00:00Z"}'
    with pytest.raises(InputError, match="expected one of the last 400 days"):
        receive(shop, ORDERS, body, is_json=True)


def test_a_large_file_is_taken_in_and_what_is_wrong_is_counted(
    shop: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "claims.csv"
    rows = [
        f"{number // 3},s{number % 3},2026-04-18T10:00:{number % 60:02}Z,a"
        for number in range(9000)
    ]
    rows[5:5] = [",x,0,a"] * 200
    path.write_text("case_id,event_name,timestamp,actor\n" + "\n".join(rows))
    read: list[int] = []
    load = import_file(shop, replace(ORDERS, name="claims"), path, read.append)
    assert (load.added, load.known, load.rejected) == (9000, 0, 200)
    assert sum(read) == path.stat().st_size
    assert len(shop.dead_letters.noted("case_events:claims")) == MOST_KEPT
    again = import_file(shop, replace(ORDERS, name="claims"), path, read.append)
    assert (again.added, again.known) == (0, 9000)
    assert shop.cases.refused("claims") == {"case_id": 200}


def said(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli.app, ["cases", *words])
    assert done.exit_code == code, done.output
    return done.output


def test_the_command_line_takes_in_lists_shows_and_judges(shop: Installation) -> None:
    told = said("import", str(GOLDEN), "--log", "orders")
    assert told.splitlines()[0] == "orders: 4 events taken, 0 known, 3 rows refused"
    assert "  line 5: timestamp: found 'yesterday'" in told
    assert said("list").strip() == ("orders: 4 events of 2 cases, 18 Apr 2026 to 18 Apr 2026")
    shown = said("show", "orders", "4711").splitlines()
    assert shown[0] == "18 Apr 2026 10:00:00 UTC  ordered, by customer (web, EU, 19.99)"
    assert [line.split("  ")[1].partition(",")[0] for line in shown] == [
        "ordered",
        "packed",
        "shipped",
    ]
    judged = said("quality", "orders")
    assert "        1  missing case ids (14.3%)" in judged
    assert "        1  cases of a single event (50.0%), as case 4712" in judged
    document = json.loads(said("quality", "--json"))["orders"]
    assert (document["events"], document["cases"]) == (4, 2)
    assert {one["check"]: one["count"] for one in document["findings"]}["missing case ids"] == 1


@pytest.mark.parametrize("name", ["orders.xes", "orders.XES.gz"])
def test_a_log_in_xes_is_taken_in_packed_or_not(
    shop: Installation, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(XES) if name.endswith("gz") else XES)
    told = said("import", str(path))
    assert "orders: 3 events taken, 0 known, 2 rows refused" in told
    assert "line 45: timestamp: found 'yesterday'" in told
    assert events(shop) == 3
    assert len(shop.dead_letters.noted("case_events:")) == 2


def test_a_file_of_which_nothing_is_taken_ends_with_1(shop: Installation, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("{}\n")
    assert "0 events taken, 0 known, 1 rows refused" in said("import", str(path), code=1)
    assert said("list").startswith("there is no event log")
    assert events(shop) == 0


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("import", "nowhere.csv"), "there is no file nowhere.csv"),
        (("quality", "orders"), "there is no event log 'orders'"),
        (("show", "orders", "7"), "has no case '7'"),
    ],
)
def test_what_is_not_there_is_said(words: tuple[str, ...], says: str) -> None:
    done = CliRunner().invoke(cli.app, ["cases", *words])
    assert isinstance(done.exception, InputError)
    assert says in str(done.exception)


def send(parts: Installation, *requests: tuple[str, bytes, dict[str, str]]) -> list[httpx.Response]:
    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(make_console(parts))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return [
                await client.post(path, content=body, headers=headers)
                for path, body, headers in requests
            ]

    return asyncio.run(ask())


def test_the_door_takes_csv_and_json_of_those_who_know_the_token(shop: Installation) -> None:
    known = {"authorization": "Bearer t0"}
    path = "/ingest/case-events"
    line = b'{"case_id": 1, "event_name": "a", "timestamp": "2026-04-18T10:00:00Z"}\n'
    packed = {**JSON, **known, "content-encoding": "gzip"}
    answers = send(
        shop,
        (path, BODY, CSV | known),
        (f"{path}/orders", line, JSON | known),
        (path, gzip.compress(line), packed),
        (path, BODY, CSV),
        (path, BODY, CSV | {"authorization": "Bearer t1"}),
        (f"{path}/claims", BODY, CSV | known),
        (path, BODY, {"content-type": "text/plain"} | known),
        (path, b"a,b\n", CSV | known),
        (path, b" " * (8 * 1024 * 1024 + 1), CSV | known),
    )
    assert [one.status_code for one in answers] == [202, 202, 202, 401, 401, 404, 415, 400, 413]
    assert answers[2].json() == {"accepted": 1, "known": 1, "refused": 0}
    assert events(shop) == 5
