"""`POST /ingest/remote_write` and `/v1/metrics`: samples that sources push.

Each is answered once its samples are durable. Prometheus drops a body after a 4xx and sends it
again after 429 and 5xx; exporters of OpenTelemetry send again after 429, 502, 503 and 504.
"""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from fastapi import HTTPException, Request
from starlette.responses import PlainTextResponse, Response

from aiops.domain.errors import AiopsError, BusyError, InputError
from aiops.ingest import remote_write
from aiops.ingest.catalog import Pushed
from aiops.settings import PushedSourceSettings
from aiops.web.bodies import encoding_of, gunzip, read_body
from aiops.web.committed import Committed
from aiops.web.direct import Endpoint
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
"""How long a sender waits at most; then it is told to come again."""

THREADS: Final = 2
"""So many bodies are read at once: more would only take turns, and one would wait while the
database gives the new series of another source their numbers."""

MOST_HELD_BYTES: Final = 128 * 1024 * 1024
"""Bodies that are held at once, as they came; whoever brings more is told to come again."""

T = TypeVar("T")

_WRITTEN: Final = "X-Prometheus-Remote-Write-{}-Written"
_RETRY: Final = {"retry-after": "5"}
_LATER: Final = "it could not be stored now; send it again"
_LOG = logging.getLogger(__name__)


def endpoints(services: WebServices) -> Mapping[str, Endpoint]:
    """Return the endpoints that samples are pushed to, by path."""
    samples = _Samples(services)

    async def export(request: Request, name: str) -> Response:
        media_type = media_type_of(request)
        try:
            refused = await samples.export(name, media_type, request)
        except HTTPException as error:
            return refusal(error.status_code, str(error.detail), media_type, error.headers)
        except InputError as error:
            return refusal(400, str(error), media_type)
        return acceptance("metrics", sum(refused.values()), _told(refused), media_type)

    async def unnamed(request: Request, name: str) -> Response:
        if name:
            raise HTTPException(404, "There is no such page.")
        return await export(request, "")

    return {
        "/ingest/remote_write": samples.write,
        "/ingest/otlp_metrics": export,
        "/v1/metrics": unnamed,
    }


class _Samples:
    """Takes what those bring who were let in."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._door = Door(services)
        self._threads = ThreadPoolExecutor(THREADS, "aiops-samples")
        self._committed = Committed(COMMIT_SECONDS)
        self._held = 0

    async def write(self, request: Request, name: str) -> Response:
        """Take what a Prometheus writes."""
        source = self._source("remote_write", name, request)
        version = _version(request)
        body = await read_body(request, remote_write.MAX_PACKED_BYTES, ("snappy", "identity"))
        pushed = await self._take(source, version, body, _as_it_is)
        return _written(pushed) if version == remote_write.VERSION_2 else Response(status_code=204)

    async def export(self, name: str, media_type: str, request: Request) -> Mapping[str, int]:
        """Take an export of OpenTelemetry; return why how many points were not taken."""
        source = self._source("otlp_metrics", name, request)
        if media_type not in (PROTOBUF, JSON):
            raise HTTPException(415, f"send `Content-Type: {PROTOBUF}` or `{JSON}`")
        body = await read_body(request, MAX_PACKED_BYTES, ("identity", "gzip"))
        is_packed = encoding_of(request) == "gzip"
        unpack = partial(gunzip, max_bytes=MAX_BODY_BYTES) if is_packed else _as_it_is
        return (await self._take(source, media_type, body, unpack)).refused

    def _source(self, kind: str, name: str, request: Request) -> PushedSourceSettings:
        return self._door.source(self._services.pushed_sources, kind, name, request)

    async def _take(
        self,
        source: PushedSourceSettings,
        content_type: str,
        body: bytes,
        unpack: Callable[[bytes], bytes],
    ) -> Pushed:
        """Take a body; it is durable when this returns. Return what was found in it.

        Raises:
            InputError: it cannot be read.
            HTTPException: 429 where too much waits, 503 where it cannot be stored now.
        """
        taker = self._services.take_samples
        if taker is None:
            raise HTTPException(404, "no samples are taken here")
        if self._held and self._held + len(body) > MOST_HELD_BYTES:
            raise HTTPException(429, f"{self._held:,} bytes of samples wait to be read", _RETRY)
        durable: Future[Pushed] = Future()
        work = self._threads.submit(
            _settle, durable, lambda: taker(source, unpack(body), content_type)
        )
        self._held += len(body)
        try:
            await self._committed.wait(durable)
            return durable.result()
        except InputError:
            raise
        except BusyError as error:
            raise HTTPException(429, str(error), _RETRY) from error
        except (AiopsError, TimeoutError) as error:
            work.cancel()  # where it was not begun, nobody waits for it any more
            _LOG.error("samples of %s: %s", source.name, error)
            raise HTTPException(503, _LATER, _RETRY) from error
        finally:
            self._held -= len(body)


def _as_it_is(body: bytes) -> bytes:
    return body


def _settle(durable: "Future[T]", take: Callable[[], tuple["Future[None]", T]]) -> None:
    """Take something in this thread; what came of it is told once it is durable."""
    try:
        kept, found = take()
    except Exception as error:  # noqa: BLE001 - the thread's outer edge: the sender is told
        durable.set_exception(error)
        return

    def tell(done: "Future[None]") -> None:
        if (error := done.exception()) is not None:
            durable.set_exception(error)
        else:
            durable.set_result(found)

    kept.add_done_callback(tell)


def _version(request: Request) -> str:
    """Return the content type of a body as `remote_write.parse` knows it.

    Raises:
        HTTPException: 415 for another version of the protocol.
    """
    told = request.headers.get("content-type", PROTOBUF).replace(" ", "").replace('"', "").lower()
    kind, _, parameters = told.partition(";")
    if kind == PROTOBUF and parameters in ("", "proto=prometheus.writerequest"):
        return PROTOBUF
    if remote_write.is_version_2(told):
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
