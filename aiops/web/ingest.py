"""`POST /ingest/changes`: what somebody did to the system, stored before it is accepted."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from aiops.web.bodies import read_body, require_json
from aiops.web.door import Door
from aiops.web.services import WebServices


def router(services: WebServices) -> APIRouter:
    """Return the endpoint others report to."""
    routes = APIRouter(prefix="/ingest")
    door = Door(services)

    @routes.post("/changes")
    async def changes(request: Request) -> JSONResponse:
        door.own("changes", request)
        require_json(request)
        body = await read_body(request)
        count = await run_in_threadpool(_take, services, body)
        return JSONResponse({"accepted": count}, 202)

    return routes


def _take(services: WebServices, body: bytes) -> int:
    changes = services.parse_changes(body, services.clock.now())
    services.record_changes(changes)
    return len(changes)
