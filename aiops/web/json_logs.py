"""`POST /ingest/json-logs`: logs as JSON lines, stored before they are answered."""

import logging
from concurrent.futures import TimeoutError as CommitTimeoutError
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from aiops.settings import JSON_LOGS
from aiops.web.bodies import encoding_of, gunzip, read_body, require_json
from aiops.web.door import Door
from aiops.web.otlp import MAX_BODY_BYTES, MAX_PACKED_BYTES
from aiops.web.services import WebServices

_RETRY: Final = {"retry-after": "5"}
_LOG = logging.getLogger(__name__)


def router(services: WebServices) -> APIRouter:
    """Return the endpoint that shippers of logs send to; the name is spelled as people guess it."""
    routes = APIRouter(prefix="/ingest")
    door = Door(services)

    @routes.post("/json-logs")
    @routes.post("/json-logs/{name}")
    @routes.post("/json_logs")
    @routes.post("/json_logs/{name}")
    async def take(request: Request, name: str = "") -> JSONResponse:
        source = door.source(services.log_sources, JSON_LOGS, name, request)
        if services.take_logs is None:
            raise HTTPException(404, "no logs are taken here")
        require_json(request)
        body = await read_body(request, MAX_PACKED_BYTES, ("identity", "gzip"))
        if encoding_of(request) == "gzip":
            body = await run_in_threadpool(gunzip, body, MAX_BODY_BYTES)
        try:
            taken = await run_in_threadpool(services.take_logs, source, body)
        except CommitTimeoutError as error:
            _LOG.error("logs of %s: the database did not answer", source.name)
            raise HTTPException(503, "it could not be stored now; send it again", _RETRY) from error
        return JSONResponse(taken, 202)

    return routes
