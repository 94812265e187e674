"""Outside alerts: bodies of Alertmanager's webhook, one alert in each, or twenty."""

from collections.abc import Mapping
from typing import Any

import orjson

from workers.bench.ingest.sender import Sent, request, send
from workers.bench.ingest.web import web_process

CONNECTIONS = 50
SECONDS = 10.0
WARM_SECONDS = 2.0
SLOW_COMMIT_SECONDS = 0.005
BODIES = 5000
IN_A_BODY = 20
SERVICES = 500

_SOURCES = {"alertmanager": {"kind": "alertmanager"}}


def measure_alerts(scale: float) -> Mapping[str, Any]:
    """Return how many alerts are taken a second, and in how many seconds one is."""
    with web_process(_SOURCES) as port:
        single = _send(port, 1, scale)
        twenty = _send(port, IN_A_BODY, scale)
    return {
        "alerts_per_second": round(single.per_second),
        "alerts_in_20s_per_second": round(twenty.per_second * IN_A_BODY),
        "alert_accept_seconds": {"p50": single.p50, "p99": single.p99},
    }


def measure_slow_commit(scale: float) -> Mapping[str, Any]:
    """Return what is left of it where every commit takes 5 ms longer."""
    with web_process(_SOURCES, slow_commit_seconds=SLOW_COMMIT_SECONDS) as port:
        slow = _send(port, 1, scale)
    return {"slow_commit": {"alerts_per_second": round(slow.per_second), "p99": slow.p99}}


def _send(port: int, alerts: int, scale: float) -> Sent:
    made = [
        request("/ingest/alertmanager", webhook(range(first * alerts, (first + 1) * alerts)))
        for first in range(max(BODIES // alerts, 1))
    ]
    send(port, made, connections=CONNECTIONS, seconds=WARM_SECONDS * scale)
    return send(port, made, connections=CONNECTIONS, seconds=SECONDS * scale)


def webhook(numbers: range) -> bytes:
    """Return a body as Alertmanager 0.25 sends it, with an alert for each number."""
    alerts = [_alert(number) for number in numbers]
    common = {"alertname": "HighErrorRate", "severity": "critical"}
    group = {
        "receiver": "aiops",
        "status": "firing",
        "alerts": alerts,
        "groupLabels": {"alertname": "HighErrorRate"},
        "commonLabels": common,
        "commonAnnotations": {"summary": "Many requests fail"},
        "externalURL": "http://alertmanager:9093",
        "version": "4",
        "groupKey": f'{{}}:{{alertname="HighErrorRate", group="{numbers.start}"}}',
        "truncatedAlerts": 0,
    }
    return orjson.dumps(group)


def _alert(number: int) -> dict[str, Any]:
    labels = {
        "alertname": "HighErrorRate",
        "env": "prod",
        "instance": f"10.0.{number // 250}.{number % 250}:8080",
        "job": "api",
        "service": f"service-{number % SERVICES}",
        "severity": "critical",
    }
    return {
        "status": "firing",
        "labels": labels,
        "annotations": {
            "summary": "Many requests fail",
            "description": f"7.2% of the requests to {labels['instance']} failed for 5 minutes",
        },
        "startsAt": "2026-01-05T11:58:12.345Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=error_ratio+%3E+0.05&g0.tab=1",
        "fingerprint": f"{number:016x}",
    }
