"""Alertmanager's webhook, version 4 -> what it says of each alert. Pure.

References:
    prometheus.io/docs/alerting/latest/configuration, "webhook_config".
"""

from datetime import datetime
from functools import partial
from typing import Any

from aiops.domain.alerts import AlertReport
from aiops.ingest.alert_bodies import (
    Received,
    fingerprint,
    key_of,
    labels_of,
    moment,
    read_group,
)
from aiops.ingest.alert_labels import place
from aiops.ingest.fields import FieldError, Fields
from aiops.settings import AlertSourceSettings

NAME_LABEL = "alertname"


def parse(
    body: bytes, received_at: datetime, rules: AlertSourceSettings, default_env: str
) -> Received:
    """Read the body of a webhook: a group of alerts, each firing or resolved.

    All of it is taken or none. A firing alert ends at no time, whatever its `endsAt` says.

    Args:
        body: UTF-8 JSON.
        received_at: when it arrived, aware UTC.
        rules: of the source: which labels say what.
        default_env: of alerts that name none.

    Raises:
        InputError: names every place that is wrong, what was found and what was expected.

    Examples:
        >>> from datetime import UTC
        >>> rules = AlertSourceSettings(name="am", kind="alertmanager")
        >>> body = b'''{"version": "4", "alerts": [{"status": "firing", "labels":
        ...   {"alertname": "CheckoutDown", "service": "checkout"},
        ...   "startsAt": "2026-04-18T10:01:00Z", "endsAt": "0001-01-01T00:00:00Z"}]}'''
        >>> report, = parse(body, datetime(2026, 4, 18, 10, 2, tzinfo=UTC), rules, "prod").reports
        >>> report.series.key.metric, report.fired_at.isoformat(), report.ended_at
        ('CheckoutDown', '2026-04-18T10:01:00+00:00', None)
    """
    read = partial(read_alert, received_at=received_at, rules=rules, default_env=default_env)
    return read_group(body, read, "Alertmanager", "set `max_alerts` in webhook_configs")


def read_alert(
    alert: Any, path: str, *, received_at: datetime, rules: AlertSourceSettings, default_env: str
) -> tuple[AlertReport, tuple[str, ...]]:
    """Read one alert of a group.

    Args:
        alert: as parsed.
        path: where it stands, as `alerts[0].`.
        received_at: as for `parse`.
        rules: as for `parse`.
        default_env: as for `parse`.

    Returns:
        What it says, and which rule did what.

    Raises:
        FieldError: names the field, what was found and what was expected.
    """
    if not isinstance(alert, dict):
        raise FieldError(f"{path[:-1]}: found no object, expected an alert")
    fields = Fields(path, alert)
    labels = labels_of(fields, "labels")
    name = labels.get(NAME_LABEL, "").strip()
    if not name:
        raise FieldError(f"{path}labels.{NAME_LABEL}: found nothing, expected the alert's name")
    resolved = fields.choice("status", ("firing", "resolved")) == "resolved"
    fired_at = moment(fields, "startsAt") or received_at
    placed = place(name, labels, rules, default_env)
    report = AlertReport(
        key=key_of(fields, "fingerprint") or fingerprint(labels),
        at=received_at,
        fired_at=fired_at,
        ended_at=(moment(fields, "endsAt") or received_at) if resolved else None,
        series=placed.series,
        severity=placed.severity,
        is_mapped=placed.is_mapped,
        url=fields.shown("generatorURL"),
    )
    return report, placed.steps
