"""A person's report in the console: that something is wrong which nobody has noticed yet."""

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from aiops.domain.incidents import Severity
from aiops.domain.words import Asker
from aiops.web import rendering
from aiops.web.access import guard
from aiops.web.forms import PLACE, field, read_form, said
from aiops.web.services import WebServices


def router(services: WebServices) -> APIRouter:
    """Return the page and what its form is sent to."""
    check = guard(services.web_token, services.base_url, for_people=True)
    routes = APIRouter(prefix="/declare", dependencies=[Depends(check)])

    @routes.get("")
    def page() -> Response:
        if services.declare is None:
            raise HTTPException(404, "Nothing can be declared here: use `aiops incident declare`.")
        return rendering.page("declare.html", severities=list(Severity), told="")

    @routes.post("")
    async def declare(request: Request) -> Response:
        form = await read_form(request)
        if services.declare is None:
            raise HTTPException(404, "Nothing can be declared here: use `aiops incident declare`.")
        words = (field(form, name) for name in ("service", "severity", "words"))
        asker = Asker(name=said(form, "by"), place=PLACE)
        told = await run_in_threadpool(services.declare, " ".join(words), asker)
        return rendering.page("declare.html", severities=list(Severity), told=told)

    return routes
