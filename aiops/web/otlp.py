"""`POST /v1/logs` and `/v1/traces`: OTLP/HTTP, protobuf or JSON, gzip or not.

Source: OTLP 1.x, https://opentelemetry.io/docs/specs/otlp/#otlphttp.
"""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as CommitTimeoutError
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from aiops.domain.errors import AiopsError, InputError
from aiops.ingest.otlp_values import snake_case
from aiops.web.bodies import encoding_of, gunzip, read_body
from aiops.web.door import Door
from aiops.web.services import WebServices

PROTOBUF = "application/x-protobuf"
JSON = "application/json"

MAX_PACKED_BYTES = 8 * 1024 * 1024
MAX_BODY_BYTES = 32 * 1024 * 1024

_LOG = logging.getLogger(__name__)
_RETRY = {"retry-after": "5"}
_INVALID, _UNAVAILABLE, _UNAUTHENTICATED = 3, 14, 16
_CODES: Mapping[int, int] = {401: _UNAUTHENTICATED, 429: _UNAVAILABLE, 503: _UNAVAILABLE}
_REJECTED: Mapping[str, str] = {
    "logs": "rejectedLogRecords",
    "traces": "rejectedSpans",
    "metrics": "rejectedDataPoints",
}
_ANSWERS: Mapping[str, Callable[[], Any]] = {
    "logs": ExportLogsServiceResponse,
    "traces": ExportTraceServiceResponse,
    "metrics": ExportMetricsServiceResponse,
}


def router(services: WebServices) -> APIRouter:
    """Return the endpoints that the exporters of OpenTelemetry send to."""
    routes = APIRouter(prefix="/v1")
    door = Door(services)

    @routes.post("/{signal}")
    async def export(signal: str, request: Request) -> Response:
        if signal not in ("logs", "traces") or services.take_export is None:
            raise HTTPException(404, "only /v1/logs, /v1/metrics and /v1/traces are taken here")
        media_type = media_type_of(request)
        try:
            door.own(f"otlp_{signal}", request)
            if media_type not in (PROTOBUF, JSON):
                return refusal(415, f"send `Content-Type: {PROTOBUF}` or `{JSON}`", media_type)
            body = await read_body(request, MAX_PACKED_BYTES, ("identity", "gzip"))
            is_packed = encoding_of(request) == "gzip"
            rejected, why = await run_in_threadpool(
                _take, services, signal, body, media_type, is_packed=is_packed
            )
        except HTTPException as error:
            return refusal(error.status_code, str(error.detail), media_type, error.headers)
        except InputError as error:
            return refusal(400, str(error), media_type)
        except (AiopsError, CommitTimeoutError) as error:
            _LOG.error("%s: %s", request.url.path, error)
            return refusal(503, "it could not be stored now; send it again", media_type, _RETRY)
        return acceptance(signal, rejected, why, media_type)

    return routes


def _take(
    services: WebServices, signal: str, body: bytes, media_type: str, *, is_packed: bool
) -> tuple[int, str]:
    assert services.take_export is not None  # noqa: S101  # looked at before
    unpacked = gunzip(body, MAX_BODY_BYTES) if is_packed else body
    return services.take_export(signal, unpacked, media_type)


def media_type_of(request: Request) -> str:
    """Return the type of a body, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def acceptance(signal: str, rejected: int, why: str, media_type: str) -> Response:
    """Return what says that an export is stored, and what of it was not taken."""
    if media_type == JSON:
        name = _REJECTED[signal]
        told = {"partialSuccess": {name: str(rejected), "errorMessage": why}} if rejected else {}
        return JSONResponse(told)
    answer = _ANSWERS[signal]()
    if rejected:
        answer.partial_success.error_message = why
        setattr(answer.partial_success, snake_case(_REJECTED[signal]), rejected)
    return Response(answer.SerializeToString(), media_type=PROTOBUF)


def refusal(
    status: int, text: str, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return why an export is not taken, as a `Status` in the sender's encoding."""
    code = _CODES.get(status, _INVALID)
    if media_type != PROTOBUF:
        return JSONResponse({"code": code, "message": text}, status, headers=headers)
    content = Status(code=code, message=text).SerializeToString()
    return Response(content, status, headers=headers, media_type=PROTOBUF)
