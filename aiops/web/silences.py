"""Silences in the console: those there are, one to end each, and one plain form for a new one."""

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from aiops.domain.time import parse_span
from aiops.web import rendering
from aiops.web.access import guard
from aiops.web.forms import PLACE, field, read_form, said
from aiops.web.services import WebServices

_SEE_OTHER = 303


def router(services: WebServices) -> APIRouter:
    """Return the page and what its forms are sent to."""
    check = guard(services.web_token, services.base_url, for_people=True)
    routes = APIRouter(prefix="/silences", dependencies=[Depends(check)])

    @routes.get("")
    def listed() -> Response:
        now = services.clock.now()
        found = sorted(services.silences(), key=lambda one: (one.ends_at, one.id), reverse=True)
        return rendering.page(
            "silences.html",
            now=now,
            unexpired=[one for one in found if one.ends_at > now],
            over=[one for one in found if one.ends_at <= now],
            planned=services.planned(),
            may_silence=services.silence is not None,
        )

    @routes.post("")
    async def add(request: Request) -> Response:
        form = await read_form(request)
        if services.silence is None:
            raise HTTPException(404, "Nothing can be silenced here: use `aiops silence add`.")
        matchers = [one for line in form.get("matchers", []) for one in line.splitlines()]
        await run_in_threadpool(
            services.silence,
            [one for one in matchers if one.strip()],
            ends_at=services.clock.now() + parse_span(field(form, "for")),
            by=said(form, "by"),
            why=said(form, "why"),
            place=PLACE,
        )
        return RedirectResponse("/silences", _SEE_OTHER)

    @routes.post("/{silence_id}/expire")
    async def expire(silence_id: str, request: Request) -> Response:
        form = await read_form(request)
        if services.expire_silence is None:
            raise HTTPException(404, "No silence can be ended here: use `aiops silence expire`.")
        await run_in_threadpool(
            services.expire_silence, silence_id, by=said(form, "by"), why=field(form, "why")
        )
        return RedirectResponse("/silences", _SEE_OTHER)

    return routes
