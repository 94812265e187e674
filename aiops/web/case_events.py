"""`POST /ingest/case-events`: event logs of cases, durable before they are accepted."""

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from aiops.ingest.case_events import MAX_BODY_BYTES
from aiops.settings import CASE_EVENTS
from aiops.web.bodies import encoding_of, gunzip, read_body, require_json
from aiops.web.door import Door
from aiops.web.services import WebServices

CSV = "text/csv"


def router(services: WebServices) -> APIRouter:
    """Return the endpoint that sends of cases; the name is spelled as people guess it."""
    routes = APIRouter(prefix="/ingest")
    door = Door(services)

    @routes.post("/case-events")
    @routes.post("/case-events/{name}")
    @routes.post("/case_events/{name}")
    async def take(request: Request, name: str = "") -> JSONResponse:
        source = door.source(services.case_sources, CASE_EVENTS, name, request)
        if services.take_cases is None:
            raise HTTPException(404, "no case events are taken here")
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != CSV:
            require_json(request)
        body = await read_body(request, MAX_BODY_BYTES, ("identity", "gzip"))
        if encoding_of(request) == "gzip":
            body = await run_in_threadpool(gunzip, body, MAX_BODY_BYTES)
        taken = await run_in_threadpool(
            services.take_cases, source, body, is_json=media_type != CSV
        )
        return JSONResponse(taken, 202)

    return routes
