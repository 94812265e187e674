"""Planned work of a running installation: announced, obeyed by paging, changed, and audited."""

import asyncio
import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from aiops.domain.errors import InputError
from aiops.domain.incidents import Decision, Reason
from aiops.domain.notifications import DeliveryAction
from aiops.domain.symptoms import FactKind, SymptomFact
from aiops.settings import MaintenanceSourceSettings
from aiops.store.audit import AuditLog
from tests.builders import checkout_errors, minute, shop, symptom
from tests.workers.installation import Installation
from tests.workers.test_correlate import FIRST, IN_PATH, add_shard, close, find, only
from tests.workers.test_silencing import actions, go_on
from workers import cli
from workers.console import make_console
from workers.maintenance import announce, end, read_files, receive

CALENDAR = MaintenanceSourceSettings(name="calendar", tokens=(SecretStr("t0"),))
WINDOW = {
    "id": "CHG-7",
    "title": "new disks",
    "services": ["checkout"],
    "starts_at": minute(0).timestamp(),
    "ends_at": minute(30).timestamp(),
}
MILD = [
    SymptomFact(
        kind=FactKind.OPENED,
        at=minute(4),
        symptom=symptom(checkout_errors(), at=3, before=0.003, observed=0.03),
    )
]
"""A problem of the checkout alone that pages, and is no P1."""


@pytest.fixture
def prod(parts: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An environment of one shard, worked through to 10:02, that may page."""
    parts._known = shop(policies=IN_PATH)
    parts.settings = replace(parts.settings, maintenance_sources=(CALENDAR,))
    add_shard(parts, FIRST)
    close(parts, FIRST, 2)
    parts.correlate.run("prod")
    parts.tasks.tasks.clear()
    monkeypatch.setattr("workers.commands.maintenance.client", lambda _config: parts)
    return parts


def tell(parts: Installation, *windows: object) -> dict[str, object]:
    return dict(receive(parts, CALENDAR, json.dumps(windows).encode()))


def pages(parts: Installation) -> int:
    return actions(parts)["pagerduty"].count(DeliveryAction.TRIGGER)


def test_trouble_of_its_services_is_recorded_and_calls_nobody_until_it_is_over(
    prod: Installation,
) -> None:
    assert tell(prod, WINDOW) == {"accepted": 1, "added": 1}
    find(prod, MILD)
    for at in (4, 10, 29, 39):
        go_on(prod, at)
    assert only(prod).decision_reason is Reason.PLANNED_WORK
    assert "new disks" in only(prod).decision_note
    assert pages(prod) == 0
    go_on(prod, 41)
    assert (only(prod).decision, pages(prod)) == (Decision.PAGE, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "cancelled"},
        {"services": ["search"]},
        {"regions": ["US"]},
        {"starts_at": minute(20).timestamp()},
    ],
    ids=["cancelled", "of another service", "of another region", "later"],
)
def test_a_window_that_is_cancelled_or_changed_lets_go_at_the_next_tick(
    prod: Installation, change: dict[str, object]
) -> None:
    tell(prod, WINDOW)
    find(prod, MILD)
    go_on(prod, 4)
    assert pages(prod) == 0
    tell(prod, WINDOW | change)
    go_on(prod, 5)
    assert only(prod).decision is Decision.PAGE
    go_on(prod, 6)  # it waits for company, as any page does
    assert pages(prod) == 1


def test_work_that_goes_on_for_days_holds_until_its_end(prod: Installation) -> None:
    days = timedelta(days=20).total_seconds()
    tell(prod, WINDOW | {"starts_at": minute(0).timestamp() - days})
    find(prod, MILD)
    go_on(prod, 4)
    assert only(prod).decision_reason is Reason.PLANNED_WORK


def test_names_nobody_knows_are_answered_and_listed(prod: Installation) -> None:
    answer = tell(prod, WINDOW | {"services": ["checkout", "ledger"], "env": "moon"})
    assert answer["unmapped"] == ["service ledger", "environment moon"]
    assert "nobody knows service ledger: it holds nothing back there" in said("list")


def test_what_cannot_be_read_is_kept_where_people_can_look_and_nothing_is_taken(
    prod: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=r"\[1\]: id"):
        tell(prod, WINDOW, {})
    assert prod.maintenance.all() == ()
    (noted,) = prod.dead_letters.noted("maintenance:")
    assert "id: found nothing" in noted.note
    assert noted.beginning.startswith(b'[{"id": "CHG-7"')
    monkeypatch.setattr("workers.commands.signals.client", lambda _config: prod)
    listed = CliRunner().invoke(cli.app, ["signals", "dead-letters"]).output
    assert "maintenance:calendar (rejected): [1]: id: found nothing" in listed


def test_the_audit_log_says_who_announced_what(prod: Installation) -> None:
    tell(prod, WINDOW)
    tell(prod, WINDOW | {"ends_at": minute(20).timestamp(), "author": "ann"})
    end(prod, "MNT-1", by="bob", why="done")
    entries = AuditLog(prod._engine).entries(subject="MNT-1")
    assert [(one.actor, one.action) for one in reversed(entries)] == [
        ("calendar", "announce maintenance"),
        ("ann", "change maintenance"),
        ("bob", "end maintenance"),
    ]
    assert entries[2].detail == "checkout in prod, 18 Apr 10:00 to 18 Apr 10:30 UTC: new disks"
    assert entries[0].detail == "done (said on the command line)"


FILE = """
maintenance:
  - {id: CHG-7, services: [checkout], starts_at: 2026-04-18T10:00Z, ends_at: 2026-04-18T10:30Z}
"""


@pytest.fixture
def watched(prod: Installation, tmp_path: Path) -> Path:
    path = tmp_path / "planned.yaml"
    source = MaintenanceSourceSettings(name="planned", path=path)
    prod.settings = replace(prod.settings, maintenance_sources=(source,))
    return path


def write(parts: Installation, path: Path, text: str, age: float = 60) -> None:
    path.write_text(text)
    written = parts.real_clock.now().timestamp() - age
    os.utime(path, (written, written))
    read_files(parts)


def planned(parts: Installation) -> list[str]:
    return [one.key for one in parts.maintenance.unexpired(parts.clock.now())]


def test_a_watched_file_says_all_there_is(prod: Installation, watched: Path) -> None:
    write(prod, watched, FILE)
    assert planned(prod) == ["CHG-7"]
    write(prod, watched, "maintenance: []\n")
    assert planned(prod) == []
    write(prod, watched, FILE)
    assert planned(prod) == ["CHG-7"]
    assert prod.heard.faults == []


@pytest.mark.parametrize("text", ["", "maintenance: [", "maintenance:\n  - {id: CHG-8}\n"])
def test_a_file_that_cannot_be_read_changes_nothing_and_is_told_of_once(
    prod: Installation, watched: Path, text: str
) -> None:
    write(prod, watched, FILE)
    write(prod, watched, text)
    read_files(prod)
    assert planned(prod) == ["CHG-7"]
    ((kind, why),) = prod.heard.faults
    assert (kind, "planned.yaml" in why) == ("maintenance", True)


def test_a_file_that_is_gone_cancels_nothing(prod: Installation, watched: Path) -> None:
    write(prod, watched, FILE)
    watched.unlink()
    read_files(prod)
    assert planned(prod) == ["CHG-7"]
    assert "what it said holds" in prod.heard.faults[0][1]


def test_a_file_that_was_written_just_now_may_not_be_whole_yet(
    prod: Installation, watched: Path
) -> None:
    write(prod, watched, FILE, age=1)
    assert planned(prod) == []
    prod.hand.move(2)
    read_files(prod)
    assert planned(prod) == ["CHG-7"]


def test_a_person_ends_what_a_file_goes_on_saying(prod: Installation, watched: Path) -> None:
    write(prod, watched, FILE)
    end(prod, "MNT-1", by="ann")
    prod.read_before.clear()  # as in another process
    read_files(prod)
    assert planned(prod) == []


def said(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli.app, ["maintenance", *words])
    assert done.exit_code == code, done.output
    return done.output


def test_the_command_line_adds_lists_and_ends(prod: Installation) -> None:
    words = ("checkout", "search", "--for", "2h", "--by", "ann", "--why", "CHG-7", "--id", "a")
    line = "checkout, search in prod, 18 Apr 10:02 to 18 Apr 12:02 UTC: CHG-7 (by ann)"
    assert said("add", *words).strip() == f"MNT-1  under way  {line}"
    later = ("--from", "2026-04-18T22:00Z", "--until", "2026-04-19T02:00+02:00")
    made = json.loads(said("add", "*", *later, "--region", "EU", "--why", "x", "--json"))
    assert (made["services"], made["regions"], made["unmapped"]) == (["*"], ["EU"], [])
    assert made["ends_at"] == "2026-04-19T00:00:00+00:00"
    assert [one["id"] for one in json.loads(said("list", "--json"))] == ["MNT-1", "MNT-2"]
    assert said("end", "MNT-2", "--by", "bob").strip() == "MNT-2 does not take place"
    prod.hand.move(60)
    assert said("end", "MNT-1", "--by", "bob").strip() == "MNT-1 is over"
    assert said("list").strip() == "nothing is planned"
    assert "MNT-1  over       " in said("list", "--all")
    assert "ended by bob" in said("list", "--all")


def test_said_again_by_its_id_a_window_moves(prod: Installation) -> None:
    for hours in (1, 2):
        announce(
            prod,
            ["checkout"],
            ends_at=minute(60 * hours),
            by="ann",
            why="CHG-7",
            key="CHG-7",
        )
    (one,) = prod.maintenance.all()
    assert one.ends_at == minute(120)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("checkout", "--until", "2026-04-18T09:00Z", "--why", "x"), "ends_at"),
        (("checkout", "--for", "31d", "--why", "x"), "at most 30 days"),
        (("checkout", "--for", "1h", "--why", " "), "say who you are and why"),
        ((" ", "--for", "1h", "--why", "x"), "services: found none"),
        (
            ("a", "--from", "2026-04-18T08:00Z", "--until", "2026-04-18T09:00Z", "--why", "x"),
            "is over, expected a later one",
        ),
    ],
)
def test_what_no_window_may_be_is_refused(
    prod: Installation, words: tuple[str, ...], says: str
) -> None:
    done = CliRunner().invoke(cli.app, ["maintenance", "add", *words])
    assert isinstance(done.exception, InputError)
    assert says in str(done.exception)
    assert prod.maintenance.all() == ()


def test_a_window_comes_all_the_way_through_the_door_and_is_shown(prod: Installation) -> None:
    headers = {"content-type": "application/json", "authorization": "Bearer t0"}

    async def send() -> tuple[httpx.Response, str]:
        transport = httpx.ASGITransport(make_console(prod))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            path = "/ingest/maintenance/calendar"
            answer = await client.post(path, content=json.dumps(WINDOW), headers=headers)
            return answer, (await client.get("/silences")).text

    answer, page = asyncio.run(send())
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "added": 1})
    assert "new disks" in page
