"""Grafana alerting's webhook, version 1 -> what it says of each alert. Pure.

Its form is Alertmanager's, with times in local offsets and alerts that Grafana makes itself: those
say that it could not look, not that something is wrong.

References:
    grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/
    integrations/webhook-notifier.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from aiops.domain.alerts import STRENGTHS, AlertReport, AlertSeverity
from aiops.ingest.alert_bodies import Received, read_group
from aiops.ingest.alert_labels import shortened
from aiops.ingest.alertmanager import NAME_LABEL, read_alert
from aiops.ingest.fields import Fields
from aiops.settings import AlertSourceSettings

BLIND: Final = frozenset({"DatasourceNoData", "DatasourceError"})
"""Names Grafana gives to alerts about rules it could not evaluate; `rulename` names the rule."""

_TEST: Final = {NAME_LABEL: "TestAlert", "instance": "Grafana"}
"""The labels of what "Test" at a contact point sends; it never resolves."""

_REASON: Final = "grafana_state_reason"
"""The annotation with which Grafana says why an alert is in its state, where the rule does not."""


def parse(
    body: bytes, received_at: datetime, rules: AlertSourceSettings, default_env: str
) -> Received:
    """Read the body of a webhook: a group of alerts, each firing or resolved.

    All of it is taken or none.

    Args:
        body: UTF-8 JSON.
        received_at: when it arrived, aware UTC.
        rules: of the source: which labels say what.
        default_env: of alerts that name none.

    Raises:
        InputError: names every place that is wrong, what was found and what was expected.

    Examples:
        >>> from datetime import UTC
        >>> rules = AlertSourceSettings(name="grafana", kind="grafana")
        >>> body = b'''{"version": "1", "alerts": [{"status": "firing", "labels":
        ...   {"alertname": "CheckoutDown", "service": "checkout"},
        ...   "startsAt": "2026-04-18T12:01:00+02:00", "endsAt": "0001-01-01T00:00:00Z"}]}'''
        >>> report, = parse(body, datetime(2026, 4, 18, 10, 2, tzinfo=UTC), rules, "prod").reports
        >>> report.series.key.metric, report.fired_at.isoformat(), report.ended_at
        ('CheckoutDown', '2026-04-18T10:01:00+00:00', None)
    """
    read = partial(_read, received_at=received_at, rules=rules, default_env=default_env)
    return read_group(body, read, "Grafana", "set `Max Alerts` at the contact point")


def _read(
    alert: Any, path: str, *, received_at: datetime, rules: AlertSourceSettings, default_env: str
) -> tuple[AlertReport, tuple[str, ...]]:
    report, steps = read_alert(
        alert, path, received_at=received_at, rules=rules, default_env=default_env
    )
    fields = Fields(path, alert)
    labels = alert["labels"]
    told = [*steps, *_values(fields), *_reason(fields)]
    if labels.items() >= _TEST.items():
        told.append(f"it is over, and listed only: {_TEST[NAME_LABEL]} is Grafana's own test")
        over = report.ended_at or received_at
        return replace(report, ended_at=over, severity=AlertSeverity.INFO), tuple(told)
    if labels[NAME_LABEL] in BLIND and STRENGTHS[report.severity] > _MOST:
        told.append(
            f"severity = warning, strength {_MOST:g}: {labels[NAME_LABEL]} says that Grafana could"
            f" not evaluate {_rule(labels)}, not that something is wrong"
        )
        return replace(report, severity=AlertSeverity.WARNING), tuple(told)
    return report, tuple(told)


_MOST: Final = STRENGTHS[AlertSeverity.WARNING]


def _rule(labels: Mapping[str, Any]) -> str:
    return shortened(str(labels.get("rulename", ""))) or "a rule"


def _values(alert: Fields) -> list[str]:
    """Return what was measured, as its sender tells it; nothing where it tells none."""
    values = alert.values.get("values")
    if isinstance(values, dict) and values:
        plain = [f"{name}={value:g}" for name, value in values.items() if _is_number(value)]
        return [f"measured: {shortened(', '.join(plain))}"] if plain else []
    text = alert.values.get("valueString")
    return [f"measured: {shortened(text)}"] if isinstance(text, str) and text else []


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _reason(alert: Fields) -> list[str]:
    annotations = alert.values.get("annotations")
    why = annotations.get(_REASON) if isinstance(annotations, dict) else None
    return [f"its state is not the rule's: {shortened(why)}"] if isinstance(why, str) else []
