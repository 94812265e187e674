"""`GET /metrics`: what a Prometheus has to know of us, to tell whether we are alive.

References:
    prometheus.io/docs/instrumenting/exposition_formats, text format 0.0.4.
"""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse

from aiops.web.access import guard
from aiops.web.services import WebServices

PULSE_METRIC = "aiops_pulse_timestamp_seconds"
SHED_METRIC = "aiops_alert_bodies_shed_total"
_MEDIA_TYPE = "text/plain; version=0.0.4"


def router(services: WebServices) -> APIRouter:
    """Return the page that Prometheus scrapes."""
    routes = APIRouter()
    check = guard(services.ingest_token, services.base_url, for_people=False)

    @routes.get("/metrics")
    async def metrics(request: Request) -> PlainTextResponse:
        check(request)
        at = await run_in_threadpool(services.pulse_at)
        lines = [
            f"# HELP {PULSE_METRIC} When the pulse last came through all of the pipeline.",
            f"# TYPE {PULSE_METRIC} gauge",
        ]
        if at is not None:
            lines.append(f"{PULSE_METRIC} {at.timestamp():.3f}")
        shed = await run_in_threadpool(services.shed_alerts)
        lines += [
            f"# HELP {SHED_METRIC} Bodies of alerts sent away to come again, for too many waited.",
            f"# TYPE {SHED_METRIC} counter",
            *(f'{SHED_METRIC}{{source="{name}"}} {shed[name]}' for name in sorted(shed)),
        ]
        return PlainTextResponse("\n".join(lines) + "\n", media_type=_MEDIA_TYPE)

    return routes
