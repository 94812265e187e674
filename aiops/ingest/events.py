"""PagerDuty's Events API v2, as anything that can page sends it -> what it says of an alert. Pure.

References:
    developer.pagerduty.com, "Send an alert event": also what its schema does not state, that a
    trigger needs a payload, and an acknowledge and a resolve need a dedup_key.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import orjson

from aiops.domain.alerts import AlertReport
from aiops.domain.errors import InputError
from aiops.ingest.alert_bodies import Received, key_of, labels_of, moment, read_object
from aiops.ingest.alert_labels import place
from aiops.ingest.fields import FieldError, Fields
from aiops.settings import AlertSourceSettings

MAX_EVENT_BYTES: Final = 512 * 1024
MAX_SUMMARY: Final = 1024
ACTIONS: Final = ("trigger", "acknowledge", "resolve")
SEVERITIES: Final = ("critical", "error", "warning", "info")

_BRACKETS = re.compile(r"\[[^\]]*\]")
_LABEL_LINE = re.compile(r" - (\w+) = (.*)")
_ALERTMANAGER = "Labels:\n"
"""How the text begins in which Alertmanager writes the labels of what fires."""


def parse(
    body: bytes, received_at: datetime, rules: AlertSourceSettings, default_env: str
) -> Received:
    """Read one event: a trigger fires an alert, a resolve ends it, an acknowledge is noted.

    Whose it is the source's labels say, among the plain values of `custom_details` and the labels
    that Alertmanager writes there; else the payload's `component`. The alert is called by its
    `class`, else its `alertname`, else its summary.

    Args:
        body: UTF-8 JSON, without its routing key.
        received_at: when it arrived, aware UTC: the moment of what names none.
        rules: of the source: which labels say what.
        default_env: of alerts that name none.

    Raises:
        InputError: names the place that is wrong, what was found and what was expected.

    Examples:
        >>> from datetime import UTC
        >>> rules = AlertSourceSettings(name="pager", kind="events")
        >>> body = b'{"event_action": "resolve", "dedup_key": "disk-7"}'
        >>> report, = parse(body, datetime(2026, 4, 18, tzinfo=UTC), rules, "prod").reports
        >>> report.key, report.ended_at.isoformat()
        ('disk-7', '2026-04-18T00:00:00+00:00')
    """
    if len(body) > MAX_EVENT_BYTES:
        raise InputError(f"found {len(body):,} bytes, expected at most {MAX_EVENT_BYTES:,}")
    event = read_object(body)
    action = event.choice("event_action", ACTIONS)
    key = key_of(event, "dedup_key")
    if action == "trigger":
        return _trigger(event, key or dedup_key(body, received_at), received_at, rules, default_env)
    if not key:
        raise FieldError(f"dedup_key: found nothing, expected that of the alert to {action}")
    ended_at = received_at if action == "resolve" else None
    report = AlertReport(key=key, at=received_at, ended_at=ended_at)
    return Received(reports=(report,), steps=((f"{action}: of whatever has the key {key}",),))


def without_credential(body: bytes) -> tuple[str, bytes]:
    """Return the routing key of an event, and the event without it: that is never stored.

    Raises:
        InputError: it is no JSON object.
    """
    event = dict(read_object(body).values)
    key = event.pop("routing_key", "")
    return (key if isinstance(key, str) else ""), orjson.dumps(event)


def with_key(body: bytes, received_at: datetime) -> tuple[str, bytes]:
    """Return the dedup key its sender is told, and an event that has it.

    Raises:
        InputError: it is no JSON object.
    """
    event = dict(read_object(body).values)
    if event.get("event_action") == "trigger" and not event.get("dedup_key"):
        event["dedup_key"] = dedup_key(body, received_at)
    return str(event.get("dedup_key", "")), orjson.dumps(event)


def dedup_key(body: bytes, received_at: datetime) -> str:
    """Return the key of a trigger that brings none: each is an alert of its own."""
    text = body + received_at.isoformat().encode()
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _trigger(
    event: Fields, key: str, received_at: datetime, rules: AlertSourceSettings, default_env: str
) -> Received:
    payload = event.mapping("payload")
    summary = payload.text("summary")
    for name in ("summary", "source"):
        if not payload.text(name):
            raise FieldError(f"payload.{name}: found nothing, expected a text")
    if len(summary) > MAX_SUMMARY:
        raise FieldError(
            f"payload.summary: found {len(summary):,} characters, expected at most {MAX_SUMMARY:,}"
        )
    severity = payload.choice("severity", SEVERITIES)
    labels = {**_labels(payload, rules), rules.labels.severity[0]: severity}
    name = payload.text("class") or labels.get("alertname", "") or _BRACKETS.sub("", summary)
    placed = place(name.strip() or summary, labels, rules, default_env)
    report = AlertReport(
        key=key,
        at=received_at,
        fired_at=moment(payload, "timestamp") or received_at,
        series=placed.series,
        severity=placed.severity,
        is_mapped=placed.is_mapped,
        url=event.shown("client_url"),
    )
    return Received(reports=(report,), steps=(placed.steps,))


def _labels(payload: Fields, rules: AlertSourceSettings) -> Mapping[str, str]:
    """Return what a payload says of whose an alert is, as labels."""
    details = payload.values.get("custom_details")
    labels: dict[str, str] = {}
    if isinstance(details, dict):
        plain = {
            name: value for name, value in details.items() if not isinstance(value, dict | list)
        }
        for value in plain.values():
            if isinstance(value, str) and value.startswith(_ALERTMANAGER):
                labels |= _written_labels(value)
        labels |= labels_of(Fields("payload.", {"custom_details": plain}), "custom_details")
    named = any(labels.get(one) for one in rules.labels.service)
    if not named and (component := payload.text("component")):
        labels[rules.labels.service[0]] = component
    return labels


def _written_labels(text: str) -> Mapping[str, str]:
    r"""Return the labels of the first alert in a text of Alertmanager's.

    Examples:
        >>> _written_labels("Labels:\n - env = prod\nAnnotations:\n - env = none\n")
        {'env': 'prod'}
    """
    first = text.removeprefix(_ALERTMANAGER).partition("Annotations:")[0]
    found = (_LABEL_LINE.fullmatch(line) for line in first.splitlines()[:200])
    return {one[1]: one[2] for one in found if one}
