"""What a postmortem asks of a stored incident, and what customers said of it."""

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from aiops.domain.errors import InputError
from aiops.incident.detection import DetectionSource, first_detection
from aiops.store.audit import AuditLog
from tests.builders import minute
from tests.workers.installation import Installation, go_on
from workers import cli
from workers.judgement import judge
from workers.reporting import report


@pytest.fixture
def commands(shop: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    for module in ("incident", "retro"):
        monkeypatch.setattr(f"workers.commands.{module}.client", lambda _config: shop)
    return shop


def said(*words: str) -> str:
    done = CliRunner().invoke(cli.app, ["incident", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_report_is_kept_audited_and_outlives_the_ticks_after_it(shop: Installation) -> None:
    told = report(shop, "inc-1001", through="support", at=minute(-5), by="ann")
    assert first_detection(told).source is DetectionSource.CUSTOMER
    go_on(shop, until=14)
    stored = shop.incidents.get("INC-1001")
    assert stored is not None
    assert (stored.reported_by, stored.reported_at) == ("support", minute(-5))
    (entry,) = [one for one in AuditLog(shop._engine).entries() if one.action == "report"]
    assert (entry.actor, entry.subject) == ("ann", "INC-1001")
    assert entry.detail == f"support, at {minute(-5).isoformat()}"


def test_without_a_time_it_was_reported_now_and_never_later(shop: Installation) -> None:
    now = shop.clock.now()
    assert report(shop, "INC-1001", through="support", at=None, by="ann").reported_at == now
    with pytest.raises(InputError, match="is yet to come"):
        report(shop, "INC-1001", through="support", at=now + timedelta(minutes=1), by="ann")
    with pytest.raises(InputError, match="no incident INC-7"):
        report(shop, "INC-7", through="support", at=None, by="ann")


def test_the_command_says_who_was_first(commands: Installation) -> None:
    through = ("--through", "support, ticket 4711", "--by", "ann")
    told = said("reported", "inc-1001", "--at", "2026-04-18T09:58", *through)
    words = "customer-reported first (support, ticket 4711) at 09:58 UTC"
    assert told == f"INC-1001: {words}\n"
    assert f"  noticed {words}\n" in said("show", "INC-1001")
    shown = json.loads(said("show", "INC-1001", "--json"))
    assert shown["detected_by"]["source"] == "customer-reported first"


def test_a_retrospective_is_written_from_what_is_stored(commands: Installation) -> None:
    judge(commands, "INC-1001", real=True, by="ann", cause="payments-db")
    text = said("retro", "inc-1001")
    assert text.startswith("# INC-1001 (P3): EU checkout failures")
    assert "- ann said: a real incident, and it was payments-db.\n" in text
    assert "\n## Open questions\n" in text
    data = json.loads(said("retro", "INC-1001", "--json"))
    assert data["incident"]["id"] == "INC-1001"
    assert data["seconds"]["noticed_after"] >= 0
