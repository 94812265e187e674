"""`POST /ingest/maintenance`: planned work, stored before it is accepted."""

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from aiops.ingest.maintenance import MAX_BODY_BYTES
from aiops.settings import MAINTENANCE
from aiops.web.bodies import read_body, require_json
from aiops.web.door import Door
from aiops.web.services import WebServices


def router(services: WebServices) -> APIRouter:
    """Return the endpoint that calendars and change systems announce to."""
    routes = APIRouter(prefix="/ingest")
    door = Door(services)
    sources = [one for one in services.maintenance_sources if one.path is None]

    @routes.post(f"/{MAINTENANCE}")
    @routes.post(f"/{MAINTENANCE}/{{name}}")
    async def announce(request: Request, name: str = "") -> JSONResponse:
        source = door.source(sources, MAINTENANCE, name, request)
        if services.take_maintenance is None:
            raise HTTPException(404, "no planned work is taken here")
        require_json(request)
        body = await read_body(request, MAX_BODY_BYTES)
        taken = await run_in_threadpool(services.take_maintenance, source, body)
        return JSONResponse(taken, 202)

    return routes
