"""Merging and splitting in the console: one page with two plain forms, and where they go."""

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from aiops.domain.incidents import Incident
from aiops.web import rendering
from aiops.web.access import guard
from aiops.web.forms import PLACE, read_form, said, to_incident
from aiops.web.services import WebServices
from aiops.web.views import is_open

_LISTED = 200


def router(services: WebServices) -> APIRouter:
    """Return the page and what its forms are sent to."""
    check = guard(services.web_token, services.base_url, for_people=True)
    routes = APIRouter(prefix="/incidents", dependencies=[Depends(check)])

    @routes.get("/{incident_id}/regroup")
    def regroup(incident_id: str) -> Response:
        found = services.incidents.get(incident_id)
        if found is None or services.merge is None or services.split is None:
            raise HTTPException(404, "There is nothing here that could be merged or split.")
        return rendering.page(
            "regroup.html",
            incident=found,
            others=_others(found, services),
            parts=sorted({one.service for one in found.symptoms}),
        )

    @routes.post("/{incident_id}/merge")
    async def merge(incident_id: str, request: Request) -> Response:
        form = await read_form(request)
        if services.merge is None:
            raise HTTPException(404, "Nothing can be merged here: use `aiops incident merge`.")
        names = [incident_id, *form.get("other", [])]
        kept, _ = await run_in_threadpool(
            services.merge, names, by=said(form, "by"), why=said(form, "why"), place=PLACE
        )
        return to_incident(kept)

    @routes.post("/{incident_id}/split")
    async def split(incident_id: str, request: Request) -> Response:
        form = await read_form(request)
        if services.split is None:
            raise HTTPException(404, "Nothing can be split here: use `aiops incident split`.")
        _, fresh = await run_in_threadpool(
            services.split,
            incident_id,
            form.get("part", []),
            by=said(form, "by"),
            why=said(form, "why"),
            place=PLACE,
        )
        return to_incident(fresh)

    return routes


def _others(incident: Incident, services: WebServices) -> list[Incident]:
    recent = services.incidents.recent(_LISTED)
    return [one for one in recent if is_open(one) and one.id != incident.id]
