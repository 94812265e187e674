"""What Grafana's webhook says of each alert, beyond what Alertmanager's form does."""

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from aiops.detect.alerts import take
from aiops.domain.alerts import Alert, AlertReport, AlertSeverity
from aiops.domain.errors import InputError
from aiops.ingest import grafana
from aiops.ingest.alert_bodies import Received
from aiops.settings import AlertSourceSettings
from tests.builders import minute

GOLDEN = Path(__file__).parents[1] / "golden" / "ingest"
RULES = AlertSourceSettings(name="grafana", kind="grafana")


def body(name: str = "firing", **changed: Any) -> bytes:
    """Return a golden body, with some values of its first alert replaced."""
    content = orjson.loads((GOLDEN / f"grafana.{name}.json").read_bytes())
    content["alerts"][0] |= changed
    return orjson.dumps(content)


def read(content: bytes, at: int = 4) -> Received:
    return grafana.parse(content, minute(at), RULES, "prod")


def first(content: bytes) -> tuple[AlertReport, tuple[str, ...]]:
    found = read(content)
    return found.reports[0], found.steps[0]


def test_times_in_local_offsets_are_utc() -> None:
    checkout, search = read(body()).reports
    assert checkout.fired_at == minute(3) + timedelta(seconds=10)
    assert search.fired_at == minute(0) + timedelta(microseconds=157_076)


def test_an_alert_says_whose_it_is_how_bad_and_where_people_look() -> None:
    found = read(body())
    report = found.reports[0]
    assert report.series is not None
    assert report.series.key.fingerprint == (
        "checkout:Checkout error ratio high{env=prod,region=EU,endpoint=/checkout}"
    )
    assert (report.key, report.severity) == ("5f1e2d3c4b5a6978", AlertSeverity.CRITICAL)
    assert report.url == "https://grafana.example/alerting/grafana/ae1b2c3d4e/view?orgId=1"
    assert found.truncated == 2


@pytest.mark.parametrize("name", ["DatasourceNoData", "DatasourceError"])
@pytest.mark.parametrize(
    ("word", "severity"),
    [("critical", "warning"), ("error", "warning"), ("warning", "warning"), ("info", "info")],
)
def test_a_rule_grafana_could_not_evaluate_says_at_most_a_warning(
    name: str, word: str, severity: str
) -> None:
    labels = {"alertname": name, "rulename": "Disk full", "service": "shop", "severity": word}
    report, steps = first(body(labels=labels))
    assert report.severity == severity
    assert any("could not evaluate Disk full" in one for one in steps) == (
        word in {"critical", "error"}
    )


def test_a_test_of_the_contact_point_is_over_as_it_comes_and_no_symptom() -> None:
    labels = {"alertname": "TestAlert", "instance": "Grafana"}
    report, steps = first(body(labels=labels))
    assert (report.severity, report.ended_at) == (AlertSeverity.INFO, minute(4))
    assert "Grafana's own test" in steps[-1]
    mine, _ = first(body(labels={"alertname": "TestAlert", "instance": "db-1"}))
    assert mine.ended_at is None


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, "measured: B=0.0723, C=1"),
        ({"values": None}, "measured: [ var='B'"),
        ({"values": {"B": "0.1", "C": 2.5}}, "measured: C=2.5"),
        ({"annotations": {"grafana_state_reason": "MissingSeries"}}, "rule's: MissingSeries"),
    ],
)
def test_it_explains_what_was_measured_and_why_it_is_so(changed: dict[str, Any], says: str) -> None:
    _, steps = first(body(**changed))
    assert any(says in one for one in steps)


@pytest.mark.parametrize("odd", [None, 7, [], {}, "text", {"B": None}, [[]]])
def test_what_is_only_shown_refuses_nothing(odd: object) -> None:
    report, _ = first(body(values=odd, valueString=odd, annotations=odd, silenceURL=odd))
    assert report.key == "5f1e2d3c4b5a6978"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"status": "alerting"}, r"alerts\[0\]\.status: found 'alerting'"),
        ({"labels": {}}, r"alerts\[0\]\.labels\.alertname: found nothing"),
        ({"labels": None}, r"alerts\[0\]\.labels\.alertname: found nothing"),
        ({"startsAt": "soon"}, r"alerts\[0\]\.startsAt: found 'soon'"),
        ({"fingerprint": "x" * 256}, r"alerts\[0\]\.fingerprint: found 256 characters"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        read(body(**changed))


def test_a_payload_of_somebody_s_own_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="expected one as the webhook of Grafana sends"):
        read(b'{"text": "[FIRING:1] shop"}')
    with pytest.raises(InputError, match="set `Max Alerts` at the contact point"):
        read(orjson.dumps({"alerts": [{}] * 10_001}))


def test_repeats_and_any_order_leave_an_alert_the_same() -> None:
    told = [
        read(body(), 4).reports[0],
        read(body(), 9).reports[0],
        read(body("resolved"), 21).reports[0],
    ]
    states = set()
    for order in itertools.permutations([*told, told[0]]):
        alert = Alert(source="grafana", key=told[0].key, seen_at=minute(4))
        for report in order:
            alert, _ = take(alert, [report], minute(22), timedelta(minutes=15))
        (symptom,) = alert.symptoms
        states.add((alert.marks[-1].at, alert.is_firing, symptom.id, symptom.state, symptom.onset))
    assert len(states) == 1
    assert states.pop()[:2] == (minute(20) + timedelta(seconds=10), False)
