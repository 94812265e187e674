"""What bodies of outside monitors say of each alert."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from aiops.domain.alerts import AlertReport, AlertSeverity
from aiops.domain.errors import InputError
from aiops.domain.series import Direction, Family
from aiops.ingest import alertmanager, alerts, events
from aiops.ingest.alert_labels import place, severity_of
from aiops.settings import AlertLabelSettings, AlertSourceSettings
from tests.builders import minute
from tests.contracts.test_ingesters import ZABBIX

MAPPED = AlertSourceSettings(name="any", kind="alerts")
GOLDEN = Path(__file__).parents[1] / "golden" / "ingest"
AM = AlertSourceSettings(name="am", kind="alertmanager")
EVENTS = AlertSourceSettings(name="pagers", kind="events")


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


def test_a_group_says_each_of_its_alerts() -> None:
    received = alertmanager.parse(golden("alertmanager.firing"), minute(4), AM, "prod")
    checkout, disk = received.reports
    assert checkout.series is not None
    assert checkout.series.key.fingerprint == (
        "checkout:CheckoutErrorRatioHigh{env=prod,region=EU,endpoint=/checkout}"
    )
    assert (checkout.series.family, checkout.series.bad_direction) == (
        Family.ERRORS,
        Direction.UP,
    )
    assert checkout.fired_at == minute(3) + timedelta(seconds=5, microseconds=256123)
    assert (checkout.severity, checkout.ended_at) == (AlertSeverity.CRITICAL, None)
    assert disk.fired_at == minute(-180)
    assert (disk.severity, disk.is_mapped) == (AlertSeverity.WARNING, False)
    assert received.truncated == 3


def test_a_resolved_alert_ends_when_it_says() -> None:
    (report,) = alertmanager.parse(golden("alertmanager.resolved"), minute(30), AM, "prod").reports
    assert report.ended_at == minute(20) + timedelta(seconds=5, microseconds=256000)


def test_a_resolved_alert_that_names_no_end_is_over_now() -> None:
    body = orjson.loads(golden("alertmanager.resolved"))
    body["alerts"][0]["endsAt"] = "0001-01-01T00:00:00Z"
    (report,) = alertmanager.parse(orjson.dumps(body), minute(30), AM, "prod").reports
    assert report.ended_at == minute(30)


def test_a_firing_alert_does_not_end_in_the_future() -> None:
    body = orjson.loads(golden("alertmanager.firing"))
    body["alerts"][0]["endsAt"] = "2026-04-18T10:10:00Z"
    report, _ = alertmanager.parse(orjson.dumps(body), minute(4), AM, "prod").reports
    assert report.ended_at is None


def test_every_place_that_is_wrong_is_named_at_once() -> None:
    body = {
        "alerts": [
            {"status": "on", "labels": {"alertname": "A"}},
            {"status": "firing", "labels": {"alertname": "A", "x": {}}},
            {"status": "firing", "labels": {"alertname": "A"}, "startsAt": "noon"},
            7,
        ]
    }
    with pytest.raises(InputError) as refused:
        alertmanager.parse(orjson.dumps(body), minute(4), AM, "prod")
    told = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in told] == [
        "alerts[0].status",
        "alerts[1].labels.x",
        "alerts[2].startsAt",
        "alerts[3]",
    ]


def test_too_many_alerts_in_one_body_are_refused_with_what_to_set() -> None:
    body = orjson.dumps({"alerts": [{}] * 10_001})
    with pytest.raises(InputError, match="max_alerts"):
        alertmanager.parse(body, minute(4), AM, "prod")


def test_an_alert_without_a_fingerprint_is_known_by_its_labels() -> None:
    body = orjson.loads(golden("alertmanager.firing"))
    for alert in body["alerts"]:
        del alert["fingerprint"]
    first, second = alertmanager.parse(orjson.dumps(body), minute(4), AM, "prod").reports
    again, _ = alertmanager.parse(orjson.dumps(body), minute(5), AM, "prod").reports
    assert first.key == again.key != second.key


def test_an_event_of_alertmanager_s_says_its_labels() -> None:
    body = golden("events.trigger_alertmanager")
    (report,) = events.parse(body, minute(4), EVENTS, "prod").reports
    assert report.series is not None
    assert report.series.key.fingerprint == "checkout:CheckoutDown{env=prod}"
    assert (report.fired_at, report.severity) == (minute(3), AlertSeverity.CRITICAL)


def test_an_event_is_of_its_component_and_called_by_its_class() -> None:
    (report,) = events.parse(golden("events.trigger"), minute(4), EVENTS, "other").reports
    assert report.series is not None
    assert report.series.key.fingerprint == "orders-db:disk full{env=prod}"
    assert (report.key, report.fired_at) == ("disk-7", minute(4))


def test_an_acknowledge_changes_nothing() -> None:
    body = b'{"event_action": "acknowledge", "dedup_key": "k"}'
    (report,) = events.parse(body, minute(4), EVENTS, "prod").reports
    assert (report.fired_at, report.ended_at, report.series) == (None, None, None)


def test_the_rules_of_a_source_say_which_label_is_what_and_what_it_is_called_here() -> None:
    rules = replace(
        AM,
        labels=AlertLabelSettings(service=("team_app", "app"), severity=("level",)),
        values={"env": {"production": "prod"}, "service": {"web": "frontend"}},
    )
    labels = {"app": "web", "env": "production", "level": "Sev1", "service": "no"}
    placed = place("Odd", labels, rules, "staging")
    assert (placed.series.key.service, placed.series.key.env) == ("frontend", "prod")
    assert placed.severity is AlertSeverity.CRITICAL


def mapped(body: object, rules: AlertSourceSettings = MAPPED) -> tuple[AlertReport, ...]:
    return alerts.parse(orjson.dumps(body), minute(4), rules, "prod").reports


def test_a_mapped_body_says_each_of_its_alerts() -> None:
    full, slow = alerts.parse(golden("alerts.nested"), minute(4), ZABBIX, "dev").reports
    assert full.series is not None
    assert full.series.key.fingerprint == "orders-db:Disk full on orders-db-1{env=dev}"
    assert (full.key, full.severity, full.fired_at) == (
        "4711",
        AlertSeverity.CRITICAL,
        minute(0),
    )
    assert full.url == "https://monitor.example/events/4711"
    assert (slow.fired_at, slow.ended_at) == (minute(-60), minute(1))


def test_what_is_not_mapped_is_found_under_its_usual_names() -> None:
    body = {"title": "DiskFull", "state": "OK", "labels": {"service": "orders-db"}}
    (report,) = mapped(body)
    assert report.series is not None
    assert report.series.key.service == "orders-db"
    assert (report.fired_at, report.ended_at) == (None, minute(4))
    assert len(mapped([body, body])) == len(mapped({"alerts": [body, body]})) == 2


def test_its_beginning_and_its_end_are_of_one_alert_also_without_a_key() -> None:
    body = {"name": "DiskFull", "service": "orders-db"}
    (began,), (ended,) = mapped({**body, "status": "firing"}), mapped({**body, "status": "ok"})
    assert began.key == ended.key
    assert (began.fired_at, began.ended_at) == (minute(4), None)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"status": "firing"}, "name: found nothing"),
        ({"name": "a", "status": "3"}, "`sources.any.values.status`"),
        ({"name": "a", "started_at": "noon"}, "started_at: found 'noon'"),
        ([{"name": "a"}, 7], r"[1]: found no object"),
        (7, "found no object and no list"),
        ({"name": "a", "many": {str(n): n for n in range(300)}}, "more than 200 values"),
        ([{}] * 10_001, "at most 10,000"),
    ],
)
def test_a_body_that_cannot_be_mapped_is_refused_with_its_place(body: object, says: str) -> None:
    with pytest.raises(InputError) as refused:
        mapped(body)
    assert says in str(refused.value)


def test_a_mapped_list_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"data\.items: found no list"):
        mapped({"data": {}}, ZABBIX)


@pytest.mark.parametrize(
    ("word", "severity"),
    [("CRIT", "critical"), ("high", "error"), ("P3", "warning"), ("none", "info"), ("", None)],
)
def test_the_words_for_a_severity_are_understood(word: str, severity: str | None) -> None:
    assert severity_of(word) == severity


def test_labels_are_no_texts_and_stay_on_one_line() -> None:
    placed = place("A\nB" * 200, {"service": "x" * 999 + "\n"}, AM, "prod")
    key = placed.series.key
    assert (len(key.service), len(key.metric), "\n" in key.fingerprint) == (200, 200, False)
