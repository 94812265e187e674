"""`POST /ingest/github` and the like: what tools tell of changes, durable before it is accepted."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from aiops.settings import CHANGE_KINDS, SIGNED_KINDS
from aiops.web.bodies import read_body, require_json
from aiops.web.door import Door
from aiops.web.services import WebServices

MAX_BODY_BYTES = 8 * 1024 * 1024

_READ_HEADERS = (
    "x-github-event",
    "x-github-delivery",
    "ce-type",
    "ce-id",
    "ce-source",
    "idempotency-key",
    "x-gitlab-event-uuid",
)
_ANSWERS: Final[Mapping[str, int]] = MappingProxyType({"flagsmith": 200})
"""What a kind of source takes for success, where it is not any 2xx: Flagsmith sends its owner an
e-mail for every other answer."""

_FORM = "application/x-www-form-urlencoded"


def router(services: WebServices) -> APIRouter:
    """Return the endpoints that tools report to, by kind, and by name where there are several."""
    routes = APIRouter(prefix="/ingest")
    door = Door(services)

    async def take(kind: str, name: str, request: Request) -> JSONResponse:
        if services.take_report is None:
            raise HTTPException(404, "no changes are taken here")
        if request.headers.get("content-type", "").startswith(_FORM):
            raise HTTPException(415, "choose application/json as the content type of the webhook")
        require_json(request)
        if kind in SIGNED_KINDS:
            body = await read_body(request, MAX_BODY_BYTES)
            source = door.signer(services.change_sources, kind, name, request, body)
        else:
            source = door.source(services.change_sources, kind, name, request)
            body = await read_body(request, MAX_BODY_BYTES)
        headers = {key: request.headers[key] for key in _READ_HEADERS if key in request.headers}
        taken = await run_in_threadpool(services.take_report, source, body, headers)
        return JSONResponse(taken, _ANSWERS.get(kind, 202))

    def endpoint(kind: str) -> Callable[[Request, str], Awaitable[JSONResponse]]:
        async def report(request: Request, name: str = "") -> JSONResponse:
            return await take(kind, name, request)

        return report

    for kind in CHANGE_KINDS:
        routes.post(f"/{kind}")(endpoint(kind))
        routes.post(f"/{kind}/{{name}}")(endpoint(kind))
    return routes
