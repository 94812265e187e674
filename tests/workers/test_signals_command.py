"""`aiops signals`: what others sent, and what it became."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aiops.domain.change_reports import MapRule
from aiops.domain.errors import ConfigurationError, InputError
from aiops.domain.labels import LabelRule
from aiops.ingest.otlp import JSON
from aiops.settings import AlertSourceSettings, ChangeSourceSettings, LogSourceSettings
from tests.builders import minute, series
from tests.ingest.exports import log, logs
from tests.pushed import ERRORS, REQUESTS, remote_write, remote_write_2, source
from tests.workers.installation import Installation
from tests.workers.test_alerts import alert, group, send
from workers import change_reports, cli
from workers.alerts import take_waiting
from workers.explaining import explain
from workers.exports import take_export
from workers.feeds import find_missing

GOLDEN = Path(__file__).parents[1] / "golden" / "ingest"
HUB = ChangeSourceSettings(name="hub", kind="github")
RULES = AlertSourceSettings(name="am", kind="alertmanager", values={"env": {"production": "prod"}})


@pytest.fixture
def house(parts: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    parts.settings = replace(parts.settings, alert_sources=(RULES,))
    monkeypatch.setattr("workers.commands.signals.client", lambda _config: parts)
    return parts


def said(*words: str) -> str:
    done = CliRunner().invoke(cli.app, ["signals", *words])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.usefixtures("house")
def test_it_explains_which_rule_did_what(tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_bytes(group(alert(1, env="production", severity="purple"), truncated=2))
    told = said("explain", str(body), "--source", "am")
    for line in (
        "service = checkout: from the label service",
        "env = prod: from the label env, by `values.env` from production",
        "region: all; none of the labels region is there",
        "severity = error, strength 12: nobody knows the word 'purple'",
        "family = availability: from the words of CheckoutDown",
        "its sender left out 2 further alerts",
    ):
        assert line in told


def explained(house: Installation, body: bytes, name: str, **headers: str) -> list[str]:
    told = {key.replace("_", "-"): value for key, value in headers.items()}
    return list(explain(house, name, body, told))


def test_it_explains_which_rule_leads_a_change_to_its_service(house: Installation) -> None:
    rule = MapRule(where={"repository": "acme/*"}, services=("checkout",))
    house.settings = replace(house.settings, change_map=(rule,), change_sources=(HUB,))
    body = (GOLDEN / "github.deployment.json").read_bytes()
    first, led, change = explained(house, body, "hub", x_github_event="deployment")
    assert first.startswith("1. deploy 2026.04.18-3: repository acme/payment-service")
    assert led.strip() == "rule changes.map[0] (repository: acme/*)"
    assert "of checkout in prod" in change
    house.settings = replace(house.settings, change_map=())
    _, led, _ = explained(house, body, "hub", x_github_event="deployment")
    assert "a service has this name" in led
    (passed,) = explained(house, b"{}", "hub", x_github_event="ping")
    assert passed.startswith("it is passed over: ")


def test_it_explains_which_signals_ask_for_a_series(house: Installation) -> None:
    rules = (LabelRule(name="normalize[0]", rename={"app": "service"}),)
    prom = source(REQUESTS, ERRORS, normalize=rules)
    house.settings = replace(house.settings, pushed_sources=(prom,))
    at = round(minute(0).timestamp() * 1000)
    series = {"__name__": "requests_total", "app": "shop", "code": "500"}
    body = remote_write([(series, at, 1.0), ({"__name__": "up"}, at, 1.0)])
    assert explained(house, body, "prom") == [
        "2 samples",
        "requests_total {code=500, service=shop} → requests_rate, error_ratio",
        "     shop in prod",
        "     normalize[0]: app is service = 'shop'",
        "no signal asks for 1 samples of up",
    ]


def test_it_explains_bodies_of_remote_write_2(house: Installation) -> None:
    house.settings = replace(house.settings, pushed_sources=(source(REQUESTS),))
    at = round(minute(0).timestamp() * 1000)
    body = remote_write_2([({"__name__": "requests_total", "service": "shop"}, at, 1.0)])
    kind = "application/x-protobuf; proto=io.prometheus.write.v2.Request"
    assert explained(house, body, "prom", content_type=kind)[:2] == [
        "1 samples",
        "requests_total {service=shop} → requests_rate",
    ]


def test_it_explains_what_lines_of_json_come_down_to(house: Installation) -> None:
    rules = (LabelRule(name="normalize[0]", rename={"team": "service"}),)
    apps = LogSourceSettings(name="apps", normalize=rules)
    house.settings = replace(house.settings, log_sources=(apps,))
    body = b'{"level":50,"msg":"card 7 declined","team":"checkout"}\n{'
    assert explained(house, body, "apps") == [
        "1 records of prod",
        "    1  checkout  ERROR  card <*> declined",
        "1 resources: normalize[0]: team is service = 'checkout'",
        "not taken: 1: it is no JSON",
        "not taken: line 2: it is no JSON (unexpected end of data at column 2)",
    ]


def test_it_explains_what_logs_come_down_to(house: Installation) -> None:
    rules = (LabelRule(name="normalize[0]", values={"service.name": {"*": "checkout"}}),)
    house.settings = replace(house.settings, normalize=rules)
    told = explained(house, logs(log()), "otlp_logs")
    assert told[0] == "1 records of prod"
    assert any(line.startswith("1 resources: normalize[0]: ") for line in told)


def test_a_source_that_nobody_sends_to_is_named_with_those_that_are(house: Installation) -> None:
    with pytest.raises(ConfigurationError, match="am, changes, otlp_logs, otlp_traces"):
        explain(house, "shop", b"", {})


def test_it_explains_what_rules_for_all_sources_did(house: Installation, tmp_path: Path) -> None:
    rules = (
        LabelRule(name="normalize[0]", rename={"team_app": "service"}),
        LabelRule(name="normalize[1]", where={"env": "sandbox"}, ignore=True),
    )
    house.settings = replace(house.settings, alert_sources=(replace(RULES, normalize=rules),))
    body = tmp_path / "body.json"
    mine = alert(1, service="", team_app="checkout")
    body.write_bytes(group(mine, alert(1, name="Noise", env="sandbox")))
    told = said("explain", str(body), "--source", "am")
    assert "normalize[0]: team_app is service = 'checkout'" in told
    assert "service = checkout: from the label service" in told
    assert "normalize[1]: ignored" in told


@pytest.mark.usefixtures("house")
def test_it_says_what_nobody_has_declared(tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_bytes(group(alert(1, env="live", service="stranger")))
    told = said("explain", str(body), "--source", "am")
    assert "but environment 'live' is not declared: it is recorded and never paged" in told
    assert "but the topology does not know stranger" in told


@pytest.mark.usefixtures("house")
def test_it_says_what_is_wrong_with_a_body_or_a_source(tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text("{}")
    done = CliRunner().invoke(cli.app, ["signals", "explain", str(body), "--source", "am"])
    assert isinstance(done.exception, InputError)
    done = CliRunner().invoke(cli.app, ["signals", "explain", str(body), "--source", "x"])
    assert "those that are: am," in str(done.exception)


def test_it_lists_what_fires_and_what_has_no_service(house: Installation) -> None:
    assert said("alerts") == "no alert fires\n"
    send(house, group(alert(-1), alert(-2, name="DiskFull", service="")))
    take_waiting(house)
    assert said("alerts", "--unmapped").startswith(
        "am: DiskFull of no known service in prod (critical) fires since 18 Apr 09:58 UTC, 1 "
    )
    listed = json.loads(said("alerts", "--json"))
    assert {one["name"]: one["service"] for one in listed} == {
        "CheckoutDown": "checkout",
        "DiskFull": None,
    }


def test_it_lists_what_could_not_be_read(house: Installation) -> None:
    assert said("dead-letters") == "everything that was sent could be read\n"
    with pytest.raises(InputError):
        send(house, b'{"alerts": 3}')
    told = said("dead-letters")
    assert "am (rejected): alerts: found no list" in told
    assert '{"alerts": 3}' in told
    assert json.loads(said("dead-letters", "--json"))[0]["state"] == "rejected"


def test_it_lists_who_sends_and_who_is_missed(house: Installation) -> None:
    assert "nobody has sent anything" in said("feeds")
    house.hand.at = minute(0)
    for number in range(-90, -10):
        house.hand.at = minute(number)
        house.feed_counter.count("otlp_logs", "prod", 20)
        house.feed_counter.store()
    for number in range(-10, 0):
        house.hand.at = minute(number)
        house.feed_counter.store()
    house.hand.at = minute(0) + timedelta(seconds=30)
    find_missing(house)
    told = said("feeds")
    assert told.startswith("otlp_logs (prod): 0.0 a minute now, 16.7 in the last hour; last 18 Apr")
    assert "missed since 18 Apr 09:50 UTC" in told
    (one,) = json.loads(said("feeds", "--json"))
    assert one["missed_since"].startswith("2026-04-18T09:50")


def test_it_lists_what_leads_to_nothing_we_know(house: Installation) -> None:
    assert "everything that is sent leads to" in said("unmapped")
    strange = [series("ghost", "errors"), series("ghost", "latency")]
    house.history.add_series("s", "prod", "prom", 60, strange)
    take_export(house, "logs", logs(log(at=0), service="spectre", env="moon"), JSON)
    house.digest.run()
    send(house, group(alert(1, service="", name="Odd")))
    take_waiting(house)
    assert said("unmapped").splitlines() == [
        "       1  alerts   Odd (prod): no label says whose it is",
        "       1  logs     spectre (moon): environment not declared",
        "       1  logs     spectre (moon): not in the topology",
        "       2  metrics  ghost (prod): not in the topology",
    ]
    assert json.loads(said("unmapped", "--json"))[3]["count"] == 2


def test_a_dead_letter_is_worked_again_once_its_source_is_mended(house: Installation) -> None:
    mapped = AlertSourceSettings(name="zabbix", kind="alerts", fields={"name": "rule"})
    house.settings = replace(house.settings, alert_sources=(mapped,))
    body = b'{"trigger": "DiskFull", "labels": {"service": "checkout"}}'
    with pytest.raises(InputError):
        send(house, body, source="zabbix")
    (letter,) = json.loads(said("dead-letters", "--json"))
    assert letter["is_whole"]
    done = CliRunner().invoke(cli.app, ["signals", "replay", str(letter["id"])])
    assert "still cannot be read" in str(done.exception)
    mended = replace(mapped, fields={"name": "trigger"})
    house.settings = replace(house.settings, alert_sources=(mended,))
    house.hand.move(3600)
    assert (
        said("replay", str(letter["id"]))
        == f"dead letter {letter['id']}: 1 alerts of zabbix accepted\n"
    )
    take_waiting(house)
    (fires,) = house.alerts.firing()
    assert fires.seen_at == house.clock.now() - timedelta(hours=1)
    assert said("dead-letters") == "everything that was sent could be read\n"
    done = CliRunner().invoke(cli.app, ["signals", "replay", str(letter["id"])])
    assert "there is no dead letter" in str(done.exception)


def test_of_a_long_dead_letter_it_is_said_that_it_cannot_be_replayed(house: Installation) -> None:
    with pytest.raises(InputError):
        send(house, b"{" + b" " * 70_000)
    (letter,) = json.loads(said("dead-letters", "--json"))
    assert not letter["is_whole"]
    assert "only its beginning is kept" in said("dead-letters")
    done = CliRunner().invoke(cli.app, ["signals", "replay", str(letter["id"])])
    assert "only the first 2,048 bytes are kept" in str(done.exception)


def test_a_report_of_a_change_is_read_again_as_what_it_was_sent_as(house: Installation) -> None:
    tool = ChangeSourceSettings(name="gh", kind="github")
    house.settings = replace(house.settings, change_sources=(tool,))
    with pytest.raises(InputError):
        change_reports.receive(house, tool, b'{"deployment": 3}', {"x-github-event": "deployment"})
    told = said("dead-letters")
    assert "  gh (rejected): " in told
    letter = int(told.split()[0])
    done = CliRunner().invoke(cli.app, ["signals", "replay", str(letter)])
    assert "still cannot be read" in str(done.exception)
    assert "deployment" in str(done.exception)
