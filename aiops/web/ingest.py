"""`POST /ingest/changes`: what somebody did to the system, stored before it is accepted."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from aiops.web.access import guard
from aiops.web.bodies import read_body, require_json
from aiops.web.services import WebServices


def router(services: WebServices) -> APIRouter:
    """Return the endpoint others report to."""
    routes = APIRouter(prefix="/ingest")
    check = guard(services.ingest_token, services.base_url, for_people=False)

    @routes.post("/changes")
    async def changes(request: Request) -> JSONResponse:
        check(request)
        require_json(request)
        body = await read_body(request)
        count = await run_in_threadpool(_take, services, body)
        return JSONResponse({"accepted": count}, 202)

    return routes


def _take(services: WebServices, body: bytes) -> int:
    changes = services.parse_changes(body, services.clock.now())
    services.record_changes(changes)
    return len(changes)
