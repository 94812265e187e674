"""Who tells us what: sources that send, tools that report changes, and the heartbeat."""

from pathlib import Path

import pytest

from aiops.domain.change_reports import MapRule
from aiops.domain.errors import ConfigurationError
from aiops.settings import CsvSettings, SqlSettings, load
from tests.settings.test_load import complaint, write

ALERTMANAGER = """
sources:
  am:
    kind: alertmanager
    token_env: AIOPS_AM_TOKEN
    labels: {service: [app], severity: level}
    values: {env: {production: prod}}
"""


def test_a_source_that_sends_is_no_source_that_is_asked(tmp_path: Path) -> None:
    path = write(tmp_path, ALERTMANAGER)
    settings = load(path, {"AIOPS_AM_TOKEN": "old,sha256:00ff"})
    (one,) = settings.alert_sources
    assert settings.sources == ()
    assert (one.labels.service, one.labels.severity) == (("app",), ("level",))
    assert one.labels.env == ("env", "environment")
    assert one.values["env"] == {"production": "prod"}
    assert [token.get_secret_value() for token in one.tokens] == ["old", "sha256:00ff"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind: events", "sources.x.token_env: found nothing, expected the name of the variable"),
        ("kind: alertmanager, url: http://a", "sources.x.url: is of no use"),
        ("kind: alertmanager, signals: [{name: a, query: b}]", "sources.x.signals: is of no use"),
        ("url: http://a, token_env: AIOPS_T", "sources.x.token_env: is of no use"),
        ("url: http://a, labels: {severity: s}", "sources.x.labels.severity: is of no use"),
        ("kind: alertmanager, values: {host: {a: b}}", "sources.x.values.host"),
        ("kind: alertmanager, fields: {name: a}", "sources.x.fields: is of no use"),
        ("kind: alerts, fields: {nam: a}", "sources.x.fields.nam"),
        ("kind: github", "sources.x.token_env: found nothing, expected the name of the variable"),
        ("kind: cloudwatch", "sources.x.topics: found nothing, expected the topics"),
        ("kind: cloudwatch, topics: alarms", "sources.x.topics[0]"),
        ("kind: alertmanager, topics: arn:aws:sns:eu-west-1:123456789012:a", "is of no use"),
        ("kind: cloudwatch, token_env: AIOPS_T", "sources.x.token_env: is of no use"),
        ("kind: flagsmith", "the secret of the webhook, as AIOPS_FLAGSMITH_SECRET"),
        ("kind: launchdarkly", "the secret of the webhook, as AIOPS_LAUNCHDARKLY_SECRET"),
        ("kind: maintenance, labels: {service: app}", "sources.x.labels: is of no use"),
        ("kind: maintenance, path: a, token_env: AIOPS_T", "sources.x.token_env: is of no use"),
        ("kind: argocd, path: a", "sources.x.path: is of no use"),
        ("kind: argocd, labels: {service: app}", "sources.x.labels: is of no use"),
    ],
)
def test_what_a_source_cannot_have_is_named(tmp_path: Path, text: str, says: str) -> None:
    assert says in complaint(tmp_path, f"sources: {{x: {{{text}}}}}")


CHANGES = """
sources:
  gh: {kind: github, token_env: AIOPS_GITHUB_SECRET}
  cd: {kind: argocd}
journeys:
  - {name: checkout, entry: gateway, steps: [checkout]}
changes:
  map:
    - {repository: "acme/*", workflow: deploy.yml, service: [search, catalog]}
    - {tag: checkout, journey: checkout, env: prod}
"""


def test_tools_that_report_changes_come_with_the_rules_of_what_they_are_about(
    tmp_path: Path,
) -> None:
    settings = load(write(tmp_path, CHANGES), {"AIOPS_GITHUB_SECRET": "old,new"})
    by_name = {one.name: one for one in settings.change_sources}
    assert [one.get_secret_value() for one in by_name["gh"].tokens] == ["old", "new"]
    assert (by_name["gh"].is_signed, by_name["cd"].is_signed) == (True, False)
    assert settings.change_map == (
        MapRule(
            where={"repository": "acme/*", "workflow": "deploy.yml"},
            services=("search", "catalog"),
        ),
        MapRule(where={"tag": "checkout"}, services=("gateway", "checkout"), env="prod"),
    )
    assert settings.sources == ()


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("service: a", "changes.map[0]: holds for every change"),
        ("flag: a", "changes.map[0]: says nothing of what it asks for"),
        ("flag: a, journey: chekout", "changes.map[0].journey"),
        ("branch: main, service: a", "changes.map[0].branch"),
    ],
)
def test_a_rule_that_says_too_little_or_what_nobody_knows_is_named(
    tmp_path: Path, rule: str, says: str
) -> None:
    assert says in complaint(tmp_path, f"changes: {{map: [{{{rule}}}]}}")


def test_a_heartbeat_is_sent_where_the_file_has_one(tmp_path: Path) -> None:
    assert not load(write(tmp_path, "mode: observe"), {}).heartbeat.enabled
    quiet = load(write(tmp_path, "heartbeat: {every_seconds: 30}"), {}).heartbeat
    assert (quiet.enabled, quiet.url, quiet.every_seconds) == (True, None, 30)
    named = write(tmp_path, "heartbeat: {url_env: AIOPS_HEARTBEAT_URL}\nweb: {port: 8123}")
    beat = load(named, {"AIOPS_HEARTBEAT_URL": "https://hc.example/4b1f"}).heartbeat
    assert beat.url is not None
    assert beat.url.get_secret_value() == "https://hc.example/4b1f"
    assert beat.via == "http://127.0.0.1:8123"
    assert "4b1f" not in repr(beat)


def test_a_heartbeat_is_asked_of_a_web_server_and_told_to_one(tmp_path: Path) -> None:
    named = write(tmp_path, "heartbeat: {url_env: AIOPS_HEARTBEAT_URL}")
    with pytest.raises(ConfigurationError, match="AIOPS_HEARTBEAT_URL: found another address"):
        load(named, {"AIOPS_HEARTBEAT_URL": "file:///etc/passwd"})


def test_planned_work_is_sent_or_lies_in_a_file_beside_the_settings(tmp_path: Path) -> None:
    text = """
sources:
  calendar: {kind: maintenance, token_env: AIOPS_CALENDAR_TOKEN}
  planned: {kind: maintenance, path: planned/work.yaml}
"""
    settings = load(write(tmp_path, text), {"AIOPS_CALENDAR_TOKEN": "t"})
    by_name = {one.name: one for one in settings.maintenance_sources}
    assert [one.get_secret_value() for one in by_name["calendar"].tokens] == ["t"]
    assert by_name["calendar"].path is None
    assert by_name["planned"].path == tmp_path / "planned/work.yaml"
    assert settings.sources == ()


ROWS = """
sources:
  orders:
    kind: csv
    path: exports/*.csv
    time: paid_at
    time_zone: Europe/Berlin
    decimal: ","
    delimiter: ";"
    labels: {service: shop}
    signals: [{name: revenue, value: amount, unit: EUR, minor_units: true, currency: cur}]
  shop:
    kind: sql
    url_env: AIOPS_SHOP_DB_URL
    timeout_seconds: 5
    signals: [{name: signups, query: SELECT 1, aggregate: count}]
"""


def test_files_and_databases_are_sources_that_are_asked(tmp_path: Path) -> None:
    orders, shop = load(
        write(tmp_path, ROWS), {"AIOPS_SHOP_DB_URL": "postgresql://a:geheim@b/c"}
    ).sources
    assert isinstance(orders, CsvSettings)
    assert orders.path == tmp_path / "exports/*.csv"
    assert orders.address == str(orders.path)
    assert (orders.time, orders.time_zone, orders.decimal) == ("paid_at", "Europe/Berlin", ",")
    assert (orders.signals[0].value, orders.signals[0].minor_units) == ("amount", True)
    assert isinstance(shop, SqlSettings)
    assert (shop.timeout_seconds, shop.max_rows, shop.time_zone) == (5, 100_000, None)
    assert shop.signals[0].aggregate == "count"
    assert shop.url is not None
    assert "geheim" not in repr(shop) + shop.address


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind: csv", "sources.x.path: found nothing, expected a file"),
        ("kind: sql", "sources.x.url_env: found nothing, expected the name of the variable"),
        ("kind: csv, path: a, url: http://a", "sources.x.url: is of no use"),
        ("kind: csv, path: a, max_rows: 3", "sources.x.max_rows: is of no use"),
        ("kind: sql, url_env: AIOPS_U, path: a", "sources.x.path: is of no use"),
        ("kind: sql, url_env: postgresql://a", "sources.x.url_env"),
        ("kind: csv, path: a, time_zone: Mars", "sources.x.time_zone"),
        ("url: http://a, time: at", "sources.x.time: is of no use"),
        (
            "kind: csv, path: a, signals: [{name: a, query: b}]",
            "sources.x.signals[0].query: is of no use to a signal of a source of kind csv",
        ),
        (
            "kind: sql, url_env: AIOPS_U, signals: [{name: a}]",
            "sources.x.signals[0].query: found nothing, expected what to ask, in SQL",
        ),
        ("url: http://a, signals: [{name: a}]", "expected what to ask, in PromQL"),
        ("url: http://a, signals: [{name: a, query: b, aggregate: sum}]", "is of no use"),
        (
            "kind: csv, path: a, signals: [{name: a, minor_units: true, unit: EURO}]",
            "sources.x.signals[0].unit: found 'EURO', expected a currency of ISO 4217",
        ),
        (
            "kind: csv, path: a, signals: [{name: a, currency: c}]",
            "sources.x.signals[0].unit: found nothing, expected a currency",
        ),
    ],
)
def test_what_a_source_of_rows_lacks_or_cannot_have_is_named(
    tmp_path: Path, text: str, says: str
) -> None:
    assert says in complaint(tmp_path, f"sources: {{x: {{{text}}}}}")


def test_logs_are_sent_by_sources_that_say_where_things_stand(tmp_path: Path) -> None:
    text = """
normalize: [{source: apps, rename: {team: service}}]
sources:
  apps: {kind: json_logs, token_env: AIOPS_L, fields: {time: when}, labels: {service: unit}}
  pay: {kind: json_logs, service: payment, time_zone: Europe/Berlin}
"""
    apps, pay = load(write(tmp_path, text), {"AIOPS_L": "t"}).log_sources
    assert (apps.fields, apps.labels.service, len(apps.normalize)) == (
        {"time": "when"},
        ("unit",),
        1,
    )
    assert apps.labels.env == pay.labels.env
    assert (pay.service, pay.time_zone, "app" in pay.labels.service) == (
        "payment",
        "Europe/Berlin",
        True,
    )


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ("{kind: json_logs, fields: {key: a}}", "sources.x.fields.key: is of no use"),
        ("{kind: alerts, fields: {level: a}}", "sources.x.fields.level: is of no use"),
        ("{kind: json_logs, labels: {severity: a}}", "sources.x.labels.severity: is of no use"),
        ("{kind: otlp_metrics, service: a}", "sources.x.service: is of no use"),
        ("{kind: json_logs, fields: {span: a}}", "sources.x.fields.span"),
    ],
)
def test_what_is_of_no_use_to_a_source_of_logs_is_said(
    tmp_path: Path, section: str, says: str
) -> None:
    assert says in complaint(tmp_path, f"sources: {{x: {section}}}")


def test_event_logs_of_cases_are_sent_by_their_own_sources(tmp_path: Path) -> None:
    text = """
sources:
  orders: {kind: case_events, token_env: AIOPS_O, time_zone: Europe/Berlin, decimal: ","}
  claims: {kind: case_events}
retention: {case_days: 800}
"""
    settings = load(write(tmp_path, text), {"AIOPS_O": "t"})
    orders, claims = settings.case_sources
    assert (orders.name, orders.time_zone, orders.decimal) == ("orders", "Europe/Berlin", ",")
    assert (claims.time_zone, claims.delimiter, claims.decimal) == (None, ",", ".")
    assert settings.case_days == 800
    assert "sources.x.labels: is of no use" in complaint(
        tmp_path, "sources: {x: {kind: case_events, labels: {service: a}}}"
    )
