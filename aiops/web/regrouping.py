"""Merging and splitting in the console: one page with two plain forms, and where they go."""

from urllib.parse import parse_qs, quote, urlsplit

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from aiops.domain.incidents import Incident
from aiops.web import rendering
from aiops.web.access import guard
from aiops.web.bodies import read_body
from aiops.web.services import WebServices
from aiops.web.views import is_open

PLACE = "the console"
"""Where it was said, for the audit log."""

_LISTED = 200
_MAX_BODY_BYTES = 64 * 1024
_MAX_FIELDS = 500
_SEE_OTHER = 303

Form = dict[str, list[str]]


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
        form = await _form(request)
        if services.merge is None:
            raise HTTPException(404, "Nothing can be merged here: use `aiops incident merge`.")
        names = [incident_id, *form.get("other", [])]
        kept, _ = await run_in_threadpool(
            services.merge, names, by=_said(form, "by"), why=_said(form, "why"), place=PLACE
        )
        return _to(kept)

    @routes.post("/{incident_id}/split")
    async def split(incident_id: str, request: Request) -> Response:
        form = await _form(request)
        if services.split is None:
            raise HTTPException(404, "Nothing can be split here: use `aiops incident split`.")
        _, fresh = await run_in_threadpool(
            services.split,
            incident_id,
            form.get("part", []),
            by=_said(form, "by"),
            why=_said(form, "why"),
            place=PLACE,
        )
        return _to(fresh)

    return routes


def _others(incident: Incident, services: WebServices) -> list[Incident]:
    recent = services.incidents.recent(_LISTED)
    return [one for one in recent if is_open(one) and one.id != incident.id]


async def _form(request: Request) -> Form:
    """Return the fields of a form that a page of ours sent.

    Raises:
        HTTPException: 403 when it comes from a page of somebody else's, which a browser says;
            400 when it is no form.
    """
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403, "This was sent by another site's page; nothing was done.")
    body = await read_body(request, _MAX_BODY_BYTES)
    try:
        return parse_qs(body.decode(), errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise HTTPException(400, "The body is no form of UTF-8 text.") from error


def _said(form: Form, name: str) -> str:
    """Return what was typed into a field.

    Raises:
        HTTPException: 400 when it is empty.
    """
    value = " ".join(form.get(name, [""])[0].split())
    if not value:
        what = {"by": "who you are", "why": "why: it is what others will read of it"}[name]
        raise HTTPException(400, f"Say {what}; nothing was done.")
    return value


def _to(incident: Incident) -> Response:
    address = f"/incidents/{quote(incident.id, safe='')}"
    return RedirectResponse(address, _SEE_OTHER)
