"""AWS CloudWatch's alarms, as SNS delivers them -> what they say. Pure.

References:
    docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring, "Using Amazon CloudWatch alarms";
    the form: github.com/aws/aws-lambda-go, events/testdata/cloudwatch-alarm-sns-payload-*.json.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from aiops.domain.alerts import AlertReport
from aiops.domain.errors import InputError
from aiops.ingest.alert_bodies import (
    MAX_KEY_CHARACTERS,
    MAX_LABELS,
    Received,
    fingerprint,
    read_json,
    read_object,
)
from aiops.ingest.alert_labels import place, shortened
from aiops.ingest.fields import FieldError, Fields
from aiops.settings import AlertSourceSettings

STATES: Final = ("OK", "ALARM", "INSUFFICIENT_DATA")

_SAID: Final = re.compile(r"(?<![\w.-])([A-Za-z_][\w.-]{0,60})=([^\s,;]{1,200})")
"""A label in an alarm's description, as `service=checkout`: CloudWatch sends no tags."""

_ARN: Final = re.compile(r"arn:[^:]*:cloudwatch:([^:]*):([^:]*):alarm:.*", re.DOTALL)
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")


def parse(
    body: bytes, received_at: datetime, rules: AlertSourceSettings, default_env: str
) -> Received:
    """Read one alarm in the envelope of SNS.

    `ALARM` fires and `OK` is over, at the time of the change. `INSUFFICIENT_DATA` is neither:
    missing data begins and ends nothing.

    Args:
        body: UTF-8 JSON: a notification.
        received_at: when it arrived, aware UTC: the moment of what names none.
        rules: of the source: which labels say what.
        default_env: of alarms that name none.

    Raises:
        InputError: names the place, what was found and what was expected.

    Examples:
        >>> import orjson
        >>> from datetime import UTC
        >>> rules = AlertSourceSettings(name="aws", kind="cloudwatch")
        >>> alarm = '''{"AlarmName": "CheckoutErrors", "AlarmDescription": "service=checkout",
        ...   "NewStateValue": "OK", "StateChangeTime": "2026-04-18T10:01:00.000+0000"}'''
        >>> body = orjson.dumps({"Type": "Notification", "Message": alarm})
        >>> report, = parse(body, datetime(2026, 4, 18, 10, 2, tzinfo=UTC), rules, "prod").reports
        >>> report.series.key.service, report.ended_at.isoformat(), report.fired_at
        ('checkout', '2026-04-18T10:01:00+00:00', None)
    """
    alarm = _alarm(body)
    name, state = alarm.text("AlarmName"), alarm.text("NewStateValue")
    if not name:
        raise FieldError("Message.AlarmName: found nothing, expected that of a CloudWatch alarm")
    if state not in STATES:
        raise FieldError(
            f"Message.NewStateValue: found {state[:40]!r}, expected one of {', '.join(STATES)}"
        )
    at = alarm.time("StateChangeTime") or received_at
    arn = alarm.text("AlarmArn")
    found = _ARN.fullmatch(arn)
    region, account = (found[1], found[2]) if found else ("", alarm.text("AWSAccountId"))
    labels = _labels(alarm, region, account)
    placed = place(name, labels, rules, default_env)
    report = AlertReport(
        key=_key(arn or f"{account}:{alarm.text('Region')}:{name}"),
        at=received_at,
        fired_at=at if state == "ALARM" else None,
        ended_at=at if state == "OK" else None,
        series=placed.series,
        severity=placed.severity,
        is_mapped=placed.is_mapped,
        url=_console(region, name),
    )
    return Received(reports=(report,), steps=((*placed.steps, *_steps(alarm, state)),))


def _alarm(body: bytes) -> Fields:
    """Return the alarm in the message of an envelope.

    Raises:
        InputError: there is none.
    """
    envelope = read_object(body)
    text = envelope.values.get("Message")
    if not isinstance(text, str):
        raise FieldError("Message: found no text, expected the JSON of a CloudWatch alarm")
    try:
        alarm = read_json(text.encode())
    except InputError as error:
        raise InputError(f"Message: {error}") from error
    if not isinstance(alarm, dict):
        raise FieldError("Message: found no object, expected that of a CloudWatch alarm")
    return Fields("Message.", alarm)


def _key(name: str) -> str:
    return name if len(name) <= MAX_KEY_CHARACTERS else fingerprint({"": name})


def _labels(alarm: Fields, region: str, account: str) -> Mapping[str, str]:
    """Return what an alarm says of whose it is: its dimensions, then its description's labels."""
    values: dict[str, set[str]] = {}
    trigger = alarm.mapping("Trigger")
    for metric in _metrics(trigger):
        for label, value in _dimensions(metric):
            values.setdefault(label, set()).add(value)
        for label, name in (("metric", "MetricName"), ("namespace", "Namespace")):
            if value := metric.text(name):
                values.setdefault(label, set()).add(value)
        if len(values) > MAX_LABELS:
            raise FieldError(f"{metric.path}Dimensions: found more than {MAX_LABELS} in all")
    agreed = {label: min(found) for label, found in values.items() if len(found) == 1}
    aws = {"aws_region": region, "aws_account": account}
    said = _SAID.findall(alarm.text("AlarmDescription"))
    return {**agreed, **{label: value for label, value in aws.items() if value}, **dict(said)}


def _metrics(trigger: Fields) -> Iterator[Fields]:
    """Yield the metrics an alarm is about: one, or those of its expression; none of a composite."""
    yield trigger
    for one in _objects(trigger, "Metrics"):
        yield one.mapping("MetricStat").mapping("Metric")


def _dimensions(metric: Fields) -> Iterator[tuple[str, str]]:
    for one in _objects(metric, "Dimensions"):
        name, value = one.text("name"), one.text("value")
        if name and value:
            yield name, value


def _objects(one: Fields, name: str) -> Iterator[Fields]:
    """Yield the objects of a list, each with its place.

    Raises:
        FieldError: it is no list, or holds something else.
    """
    listed: Any = one.values.get(name)
    if listed is None:
        return
    if not isinstance(listed, list):
        raise FieldError(f"{one.path}{name}: found no list, expected one")
    for index, value in enumerate(listed[: MAX_LABELS + 1]):
        if not isinstance(value, dict):
            raise FieldError(f"{one.path}{name}[{index}]: found no object, expected one")
        yield Fields(f"{one.path}{name}[{index}].", value)


def _steps(alarm: Fields, state: str) -> tuple[str, ...]:
    reason = shortened(alarm.text("NewStateReason"))
    told = [f"CloudWatch says: {reason}"] if reason else []
    if state == "INSUFFICIENT_DATA":
        told.append(f"{state} begins and ends nothing: CloudWatch could not look")
    return tuple(told)


def _console(region: str, name: str) -> str:
    """Return where people look at an alarm; empty where its region is none."""
    if not _REGION.fullmatch(region):
        return ""
    host = f"https://{region}.console.aws.amazon.com"
    return f"{host}/cloudwatch/home?region={region}#alarmsV2:alarm/{quote(name, safe='')}"
