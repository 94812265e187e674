"""The body of the pulse: an alert that fired and ended at one moment. Pure."""

from datetime import datetime
from typing import Final

import orjson

from aiops.domain.pulses import PULSE_ENV, PULSE_SOURCE
from aiops.settings import AlertSourceSettings

PULSE_RULES: Final = AlertSourceSettings(name=PULSE_SOURCE, kind="alertmanager")
"""By which the pulse is read: those of a source that nobody else can be."""


def pulse_body(at: datetime) -> bytes:
    """Return the pulse of a moment, in the form of Alertmanager's webhook.

    It is a warning of something that measures nothing: it opens no incident.

    Examples:
        >>> from datetime import UTC
        >>> from aiops.ingest.alertmanager import parse
        >>> noon = datetime(2026, 4, 18, 12, tzinfo=UTC)
        >>> report, = parse(pulse_body(noon), noon, PULSE_RULES, "prod").reports
        >>> report.series.key.fingerprint, report.ended_at == noon
        ('aiops:Pulse{env=aiops-heartbeat}', True)
    """
    labels = {"alertname": "Pulse", "service": "aiops", "env": PULSE_ENV, "severity": "warning"}
    moment = at.isoformat()
    alert = {"status": "resolved", "labels": labels, "startsAt": moment, "endsAt": moment}
    return orjson.dumps({"version": "4", "alerts": [alert]})
