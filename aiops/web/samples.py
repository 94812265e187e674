"""`POST /ingest/remote_write` and `/v1/metrics`: samples that sources push.

Each is answered once its samples are durable. Prometheus drops a body after a 4xx and sends it
again after 429 and 5xx; exporters of OpenTelemetry send again after 429, 502, 503 and 504.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from aiops.domain.errors import AiopsError, BusyError, InputError
from aiops.ingest import remote_write
from aiops.ingest.catalog import Pushed
from aiops.settings import PushedSourceSettings
from aiops.web.bodies import encoding_of, gunzip, read_body
from aiops.web.door import Door
from aiops.web.otlp import (
    JSON,
    MAX_BODY_BYTES,
    MAX_PACKED_BYTES,
    PROTOBUF,
    acceptance,
    media_type_of,
    refusal,
)
from aiops.web.services import WebServices

COMMIT_SECONDS: Final = 10.0
"""How long a sender waits for the database at most; then it is told to come again."""

_WRITTEN: Final = "X-Prometheus-Remote-Write-{}-Written"
_RETRY: Final = {"retry-after": "5"}
_LATER: Final = "it could not be stored now; send it again"
_LOG = logging.getLogger(__name__)


def router(services: WebServices) -> APIRouter:
    """Return the endpoints that samples are pushed to."""
    routes = APIRouter()
    samples = _Samples(services)

    @routes.post("/ingest/remote_write")
    @routes.post("/ingest/remote_write/{name}")
    async def write(request: Request, name: str = "") -> Response:
        source = samples.source("remote_write", name, request)
        version = _version(request)
        body = await read_body(request, remote_write.MAX_PACKED_BYTES, ("snappy", "identity"))
        pushed = await samples.take(source, body, version)
        return _written(pushed) if version == remote_write.VERSION_2 else Response(status_code=204)

    @routes.post("/v1/metrics")
    @routes.post("/ingest/otlp_metrics")
    @routes.post("/ingest/otlp_metrics/{name}")
    async def export(request: Request, name: str = "") -> Response:
        media_type = media_type_of(request)
        try:
            refused = await samples.export(name, media_type, request)
        except HTTPException as error:
            return refusal(error.status_code, str(error.detail), media_type, error.headers)
        except InputError as error:
            return refusal(400, str(error), media_type)
        return acceptance("metrics", sum(refused.values()), _told(refused), media_type)

    return routes


class _Samples:
    """Takes what those bring who were let in."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._door = Door(services)

    def source(self, kind: str, name: str, request: Request) -> PushedSourceSettings:
        """Return the source of a request, as `Door.source` does."""
        return self._door.source(self._services.pushed_sources, kind, name, request)

    async def export(self, name: str, media_type: str, request: Request) -> Mapping[str, int]:
        """Take an export of OpenTelemetry; return why how many points were not taken."""
        source = self.source("otlp_metrics", name, request)
        if media_type not in (PROTOBUF, JSON):
            raise HTTPException(415, f"send `Content-Type: {PROTOBUF}` or `{JSON}`")
        body = await read_body(request, MAX_PACKED_BYTES, ("identity", "gzip"))
        if encoding_of(request) == "gzip":
            body = await run_in_threadpool(gunzip, body, MAX_BODY_BYTES)
        return (await self.take(source, body, media_type)).refused

    async def take(self, source: PushedSourceSettings, body: bytes, content_type: str) -> Pushed:
        """Take a body; it is durable when this returns. Return what was found in it.

        Raises:
            InputError: it cannot be read.
            HTTPException: 429 where too much waits, 503 where it cannot be stored now.
        """
        taker = self._services.take_samples
        if taker is None:
            raise HTTPException(404, "no samples are taken here")
        try:
            kept, pushed = await run_in_threadpool(taker, source, body, content_type)
            await asyncio.wait_for(asyncio.wrap_future(kept), COMMIT_SECONDS)
        except InputError:
            raise
        except BusyError as error:
            raise HTTPException(429, str(error), _RETRY) from error
        except (AiopsError, TimeoutError) as error:
            _LOG.error("samples of %s: %s", source.name, error)
            raise HTTPException(503, _LATER, _RETRY) from error
        return pushed


def _version(request: Request) -> str:
    """Return the content type of a body as `remote_write.parse` knows it.

    Raises:
        HTTPException: 415 for another version of the protocol.
    """
    told = request.headers.get("content-type", PROTOBUF).replace(" ", "").replace('"', "").lower()
    kind, _, parameters = told.partition(";")
    if kind == PROTOBUF and parameters in ("", "proto=prometheus.writerequest"):
        return PROTOBUF
    if told == remote_write.VERSION_2.lower():
        return remote_write.VERSION_2
    raise HTTPException(415, f"send remote write 1.0 or 2.0: `Content-Type: {PROTOBUF}`")


def _written(pushed: Pushed) -> Response:
    """Return the answer of remote write 2.0: how much was taken, and 400 where not all was."""
    refused = sum(pushed.refused.values())
    headers = {
        _WRITTEN.format("Samples"): str(pushed.samples - refused),
        _WRITTEN.format("Histograms"): "0",
        _WRITTEN.format("Exemplars"): "0",
    }
    if not refused:
        return Response(status_code=204, headers=headers)
    return PlainTextResponse(f"not taken: {_told(pushed.refused)}\n", 400, headers)


def _told(refused: Mapping[str, int]) -> str:
    return "; ".join(f"{count:,}: {reason}" for reason, count in sorted(refused.items()))
