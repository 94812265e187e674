"""Alerts of any monitor that can post JSON, by a mapping of its fields. Pure.

Everything an alert says is flattened to plain values by dotted names (`rule.name`, `tags.app`); the
mapping and the source's labels say which of them is what.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from aiops.domain.alerts import AlertReport
from aiops.domain.errors import InputError
from aiops.ingest.alert_bodies import (
    MAX_ALERTS,
    MAX_KEY_CHARACTERS,
    MAX_LABELS,
    Received,
    fingerprint,
    moment,
    read_json,
    refuse,
)
from aiops.ingest.alert_labels import place
from aiops.ingest.fields import FieldError, Fields
from aiops.settings import AlertSourceSettings

USUAL: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "alerts": ("alerts",),
        "key": ("key", "id", "fingerprint"),
        "name": ("name", "alertname", "title"),
        "status": ("status", "state"),
        "started_at": ("started_at", "startsAt", "timestamp"),
        "ended_at": ("ended_at", "endsAt"),
        "url": ("url",),
    }
)
"""Where each is looked for, where the source's `fields` do not say."""

OVER: Final = "resolved resolve ok okay closed close inactive normal recovered recovery cleared"
FIRES: Final = (
    "firing fires alerting open opened triggered trigger active problem alarm down"
    " acknowledged critical error warning"
)
"""The words for a status, in lower case."""

_DEPTH = 6


def parse(
    body: bytes, received_at: datetime, rules: AlertSourceSettings, default_env: str
) -> Received:
    """Read one alert, or a list of them; all of it is taken or none.

    Without a status an alert fires until it names its end. Without a key it is known by its name
    and its labels.

    Args:
        body: UTF-8 JSON.
        received_at: when it arrived, aware UTC: the moment of what names none.
        rules: of the source: its `fields`, and which labels say what.
        default_env: of alerts that name none.

    Raises:
        InputError: names every place that is wrong, what was found and what was expected.

    Examples:
        >>> from datetime import UTC
        >>> rules = AlertSourceSettings(name="zabbix", kind="alerts", fields={"name": "event.name"})
        >>> body = b'{"id": 7, "event": {"name": "Disk full"}, "host": "db-1", "status": "PROBLEM"}'
        >>> report, = parse(body, datetime(2026, 4, 18, tzinfo=UTC), rules, "prod").reports
        >>> report.key, report.series.key.metric, report.ended_at
        ('7', 'Disk full', None)
    """
    found: list[tuple[AlertReport, tuple[str, ...]]] = []
    problems: list[str] = []
    for where, alert in _alerts(read_json(body), rules):
        try:
            found.append(_read(Fields(where, _flat(alert, where)), received_at, rules, default_env))
        except FieldError as error:
            problems.append(str(error))
    refuse(problems)
    return Received(
        reports=tuple(report for report, _ in found), steps=tuple(steps for _, steps in found)
    )


def _alerts(content: Any, rules: AlertSourceSettings) -> list[tuple[str, Any]]:
    """Return the alerts of a body, each with its place."""
    listed = content
    if isinstance(content, dict):
        path = rules.fields.get("alerts", USUAL["alerts"][0])
        listed = content
        for name in path.split("."):
            listed = listed.get(name) if isinstance(listed, dict) else None
        if listed is None and "alerts" not in rules.fields:
            return [("", content)]
        if not isinstance(listed, list):
            raise InputError(f"{path}: found no list, expected one of alerts")
    if not isinstance(listed, list):
        raise InputError("found no object and no list, expected an alert, or several")
    if len(listed) > MAX_ALERTS:
        raise InputError(f"found {len(listed):,} alerts, expected at most {MAX_ALERTS:,}")
    return [(f"[{index}].", alert) for index, alert in enumerate(listed)]


def _flat(alert: Any, where: str) -> Mapping[str, Any]:
    """Return the plain values of an alert by dotted names.

    Raises:
        FieldError: it is no object, or has too many.
    """
    if not isinstance(alert, dict):
        raise FieldError(f"{where[:-1] or 'body'}: found no object, expected an alert")
    plain: dict[str, Any] = {}
    for name, value in _leaves(alert, "", _DEPTH):
        plain[name] = value
        if len(plain) > MAX_LABELS:
            raise FieldError(f"{where}{name}: found more than {MAX_LABELS} values")
    return plain


def _leaves(part: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in part.items():
        if isinstance(value, dict) and depth:
            yield from _leaves(value, f"{prefix}{name}.", depth - 1)
        elif value is not None and not isinstance(value, dict | list):
            yield f"{prefix}{name}", value


def _read(
    alert: Fields, received_at: datetime, rules: AlertSourceSettings, default_env: str
) -> tuple[AlertReport, tuple[str, ...]]:
    names = {what: _named(alert, what, rules) for what in USUAL}
    name = alert.text(names["name"])
    if not name:
        raise FieldError(f"{alert.path}{names['name']}: found nothing, expected the alert's name")
    labels = {one.removeprefix("labels."): alert.shown(one) for one in alert.values}
    placed = place(name, labels, rules, default_env)
    key = alert.text(names["key"])[:MAX_KEY_CHARACTERS]
    started, ended = moment(alert, names["started_at"]), moment(alert, names["ended_at"])
    is_over = _is_over(alert, names["status"], rules, ended)
    report = AlertReport(
        key=key or fingerprint({"": placed.series.key.fingerprint}),
        at=received_at,
        fired_at=started or (None if is_over else received_at),
        ended_at=(ended or received_at) if is_over else None,
        series=placed.series,
        severity=placed.severity,
        is_mapped=placed.is_mapped,
        url=alert.shown(names["url"]),
    )
    return report, placed.steps


def _named(alert: Fields, what: str, rules: AlertSourceSettings) -> str:
    """Return the dotted name of a field: as mapped, else the first usual one that is there."""
    if what in rules.fields:
        return rules.fields[what]
    return next((one for one in USUAL[what] if one in alert.values), USUAL[what][0])


def _is_over(alert: Fields, name: str, rules: AlertSourceSettings, ended: datetime | None) -> bool:
    said = alert.shown(name)
    if not said:
        return ended is not None
    word = rules.values.get("status", {}).get(said, said).lower()
    if word in {*OVER.split(), *FIRES.split()}:
        return word in OVER.split()
    raise FieldError(
        f"{alert.path}{name}: found {said[:60]!r}, expected firing or resolved: say which it is in"
        f" `sources.{rules.name}.values.status`"
    )
