"""What CloudWatch's alarms say, as SNS delivers them."""

import itertools
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.detect.alerts import take
from aiops.domain.alerts import Alert, AlertReport, AlertSeverity
from aiops.domain.errors import InputError
from aiops.ingest import cloudwatch
from aiops.settings import AlertSourceSettings, load
from tests.builders import minute
from tests.fuzzing import FUZZED, altered
from tests.settings.test_load import write

GOLDEN = Path(__file__).parents[1] / "golden" / "ingest"
RULES = AlertSourceSettings(name="aws", kind="cloudwatch")


def alarm(name: str = "alarm") -> Any:
    """Return the alarm in the message of a golden body."""
    return orjson.loads(orjson.loads((GOLDEN / f"cloudwatch.{name}.json").read_bytes())["Message"])


def body(name: str = "alarm", **changed: Any) -> bytes:
    """Return a golden body, with some values of its alarm replaced."""
    content = orjson.loads((GOLDEN / f"cloudwatch.{name}.json").read_bytes())
    content["Message"] = orjson.dumps(alarm(name) | changed).decode()
    return orjson.dumps(content)


def read(content: bytes, rules: AlertSourceSettings = RULES) -> AlertReport:
    (report,) = cloudwatch.parse(content, minute(4), rules, "dev").reports
    return report


def labels_of(content: bytes) -> dict[str, str]:
    """Return what the steps say that labels were found for, in full."""
    found = cloudwatch._labels(cloudwatch._alarm(content), "eu-west-1", "1")
    return dict(found)


def test_an_alarm_fires_since_its_change_and_is_of_what_its_description_says() -> None:
    report = read(body())
    assert report.series is not None
    assert report.series.key.fingerprint == "checkout:Checkout error ratio high{env=prod}"
    assert report.fired_at == minute(3) + timedelta(seconds=10, milliseconds=236)
    assert (report.ended_at, report.severity) == (None, AlertSeverity.CRITICAL)
    assert report.key == (
        "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:Checkout error ratio high"
    )
    assert report.url == (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
        "#alarmsV2:alarm/Checkout%20error%20ratio%20high"
    )


def test_an_ok_is_over_and_says_no_beginning() -> None:
    report = read(body("ok"))
    assert report.ended_at == minute(20) + timedelta(seconds=10, milliseconds=236)
    assert report.fired_at is None


def test_insufficient_data_begins_and_ends_nothing() -> None:
    received = cloudwatch.parse(body("insufficient"), minute(4), RULES, "prod")
    (report,), (steps,) = received.reports, received.steps
    assert (report.fired_at, report.ended_at) == (None, None)
    assert steps[-1].startswith("INSUFFICIENT_DATA begins and ends nothing")
    assert "CloudWatch says: Insufficient Data: 1 datapoint was unknown." in steps


def test_repeats_and_any_order_leave_an_alarm_the_same() -> None:
    unknown = body(NewStateValue="INSUFFICIENT_DATA", StateChangeTime="2026-04-18T10:10:00Z")
    told = [read(body()), read(unknown), read(body("ok"))]
    states = set()
    for order in itertools.permutations([*told, told[0]]):
        known = Alert(source="aws", key=told[0].key, seen_at=minute(4))
        for report in order:
            known, _ = take(known, [report], minute(22), timedelta(minutes=15))
        (symptom,) = known.symptoms
        states.add((known.marks[-1].at, known.is_firing, symptom.id, symptom.state))
    assert len(states) == 1
    assert states.pop()[1] is False


def test_labels_are_those_the_metrics_of_an_expression_agree_on() -> None:
    assert labels_of(body("insufficient")) == {
        "FunctionName": "mailer",
        "namespace": "AWS/Lambda",
        "aws_region": "eu-west-1",
        "aws_account": "1",
    }
    metrics = alarm("insufficient")["Trigger"]["Metrics"]
    metrics[2]["MetricStat"]["Metric"]["Dimensions"][0]["value"] = "other"
    assert "FunctionName" not in labels_of(body("insufficient", Trigger={"Metrics": metrics}))


def test_what_the_description_says_wins() -> None:
    found = labels_of(body(AlarmDescription="ApiName=mine, see http://x/?a=b; team=shop\nx =y"))
    assert (found["ApiName"], found["Stage"], found["team"]) == ("mine", "prod", "shop")
    assert "x" not in found


@pytest.mark.parametrize(
    "changed", [{"Trigger": None}, {"Trigger": {}}, {"AlarmDescription": None}]
)
def test_a_composite_alarm_has_no_metric_and_one_may_lack_a_description(
    changed: dict[str, Any],
) -> None:
    assert read(body(**changed)).fired_at is not None


def test_without_its_own_name_an_alarm_is_known_by_account_region_and_name() -> None:
    report = read(body(AlarmArn=None))
    assert report.key == "123456789012:EU (Ireland):Checkout error ratio high"
    assert report.url == ""
    long = read(body(AlarmArn="arn:aws:cloudwatch:eu-west-1:1:alarm:" + "x" * 255))
    assert len(long.key) == 20


def test_a_source_reads_usual_dimensions_without_being_told(tmp_path: Path) -> None:
    text = """
sources:
  aws:
    kind: cloudwatch
    topics: arn:aws:sns:eu-west-1:123456789012:alarms
    labels: {region: aws_region}
    values: {region: {eu-west-1: EU}}
"""
    (rules,) = load(write(tmp_path, text), {}).alert_sources
    assert rules.topics == ("arn:aws:sns:eu-west-1:123456789012:alarms",)
    report = read(body("insufficient"), rules)
    assert report.series is not None
    assert report.series.key.fingerprint == "mailer:Mailer errors{env=dev,region=EU}"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"AlarmName": ""}, r"Message\.AlarmName: found nothing"),
        ({"NewStateValue": "alarm"}, r"Message\.NewStateValue: found 'alarm', expected one of OK"),
        ({"StateChangeTime": "soon"}, r"Message\.StateChangeTime: found 'soon'"),
        ({"Trigger": []}, r"Message\.Trigger: found a list"),
        ({"Trigger": {"Dimensions": {}}}, r"Message\.Trigger\.Dimensions: found no list"),
        ({"Trigger": {"Dimensions": [7]}}, r"Message\.Trigger\.Dimensions\[0\]: found no object"),
        ({"Trigger": {"Metrics": [{"MetricStat": 1}]}}, r"Metrics\[0\]\.MetricStat: found '1'"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        read(body(**changed))


def test_too_many_dimensions_are_refused() -> None:
    many = [{"name": f"n{n}", "value": "v"} for n in range(300)]
    with pytest.raises(InputError, match="more than 200"):
        read(body(Trigger={"Dimensions": many}))


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (None, "Message: found no text"),
        ({}, "Message: found no text"),
        ("Your instance was started", "Message: found no JSON"),
        ("[]", "Message: found no object"),
        ('{"source": "aws.cloudwatch"}', r"Message\.AlarmName"),
        ("[" * 5000, "Message: found no JSON"),
    ],
)
def test_a_message_that_is_no_alarm_is_refused_by_name(message: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read(orjson.dumps({"Type": "Notification", "Message": message}))


@pytest.mark.parametrize("name", ["alarm", "insufficient"])
@given(data=st.data())
@settings(max_examples=FUZZED, deadline=None)
def test_whatever_stands_in_an_alarm_it_is_read_or_refused_with_the_place(
    name: str, data: st.DataObject
) -> None:
    message = altered(alarm(name), data)
    content = {"Type": "Notification", "Message": json.dumps(message)}
    problem = ""
    try:
        read(orjson.dumps(content))
    except InputError as error:
        problem = str(error)
    assert not problem or problem.startswith("Message")
