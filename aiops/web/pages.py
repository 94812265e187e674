"""The pages people read: the list, the chart of one incident, a runbook."""

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import RedirectResponse, Response

from aiops.incident.reach import reach
from aiops.web import rendering
from aiops.web.access import guard
from aiops.web.services import WebServices
from aiops.web.views import is_open, overview

_LISTED = 200


def router(services: WebServices) -> APIRouter:
    """Return the console: HTML without scripts."""
    check = guard(services.web_token, services.base_url, for_people=True)
    routes = APIRouter(dependencies=[Depends(check)])

    @routes.get("/")
    def home() -> Response:
        return RedirectResponse("/incidents")

    @routes.get("/incidents")
    def incidents() -> Response:
        seen_until, now = services.seen_until, services.clock.now()
        view = overview(
            services.incidents.recent(_LISTED),
            now,
            seen_until() if seen_until else None,
            is_watched=seen_until is not None,
        )
        return rendering.page(
            "incidents.html",
            view=view,
            flows=services.flows(),
            journeys=services.journeys(),
            now=now,
            refresh_seconds=10,
        )

    @routes.get("/incidents/{incident_id}")
    def incident(incident_id: str) -> Response:
        found = services.incidents.get(incident_id)
        if found is None:
            raise HTTPException(404, "There is no such incident. The list shows those there are.")
        return rendering.page(
            "incident.html",
            incident=found,
            reach=reach(found),
            may_regroup=services.merge is not None,
            may_say=services.say is not None,
            now=services.clock.now(),
            runbook=services.runbook(found.runbook_id),
            refresh_seconds=15 if is_open(found) else None,
        )

    @routes.get("/journeys")
    def journeys() -> Response:
        return rendering.page("journeys.html", standings=services.journeys(), refresh_seconds=60)

    @routes.get("/runbooks")
    def runbooks() -> Response:
        return rendering.page("runbooks.html", runbooks=services.runbooks)

    @routes.get("/runbooks/{runbook_id}")
    def runbook(runbook_id: str) -> Response:
        found = services.runbook(runbook_id)
        if found is None:
            raise HTTPException(404, "There is no such runbook. The list shows those there are.")
        return rendering.page("runbook.html", runbook=found)

    return routes
