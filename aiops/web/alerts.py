"""`POST /ingest/alertmanager`, `/ingest/grafana`, … : what outside monitors report.

Each is answered once it is durable, in the form and with the codes on which its sender tries again:
Alertmanager after 5xx only, senders of PagerDuty events after 429 and 5xx.
"""

import logging
from collections.abc import Mapping
from functools import partial

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from aiops.domain.errors import AiopsError, BusyError, InputError
from aiops.ingest import events
from aiops.ingest.alert_bodies import MAX_BODY_BYTES
from aiops.ingest.pulse import PULSE_RULES, pulse_body
from aiops.settings import AlertSourceSettings
from aiops.web import sns
from aiops.web.bodies import read_body, require_json
from aiops.web.committed import Committed
from aiops.web.direct import Endpoint
from aiops.web.door import Door, of_kind
from aiops.web.senders import sender
from aiops.web.services import WebServices
from aiops.web.signatures import SIGNATURES

COMMIT_SECONDS = 10.0
"""How long a sender waits for the database at most; then it is told to come again."""

SMALL_BYTES = 65_536
"""A body up to here is read in the event loop; a larger one would hold up the others."""

_ACCEPTED = JSONResponse({"accepted": True}, 202)
_RETRY = {"retry-after": "5"}
_LATER = "it could not be stored now; send it again"
_LOG = logging.getLogger(__name__)


def router(services: WebServices) -> APIRouter:
    """Return the endpoint of our own pulse, which goes the way of outside alerts."""
    routes = APIRouter(prefix="/ingest")
    alerts = _Alerts(services)
    door = Door(services)

    @routes.post("/pulse")
    async def pulse(request: Request) -> Response:
        door.own("pulse", request)
        require_json(request)
        await alerts.take(PULSE_RULES, pulse_body(services.clock.now()))
        return _ACCEPTED

    return routes


def endpoints(services: WebServices) -> Mapping[str, Endpoint]:
    """Return the endpoints outside monitors send their alerts to, by path."""
    alerts = _Alerts(services)

    async def alertmanager(request: Request, name: str) -> Response:
        return await alerts.posted("alertmanager", name, request)

    async def grafana(request: Request, name: str) -> Response:
        return await alerts.posted("grafana", name, request)

    async def mapped(request: Request, name: str) -> Response:
        return await alerts.posted("alerts", name, request)

    async def enqueue(request: Request, name: str) -> Response:
        if name:
            raise HTTPException(404, "There is no such page.")
        try:
            body = await read_body(request, events.MAX_EVENT_BYTES)
            return _taken(await alerts.event(body))
        except InputError as error:
            return _refusal(400, "invalid event", "Event object is invalid", [str(error)])
        except HTTPException as error:
            code = 429 if isinstance(error.__cause__, BusyError) else error.status_code
            return _refusal(code, "refused", str(error.detail), [], error.headers)

    return {
        "/ingest/alertmanager": alertmanager,
        "/ingest/grafana": grafana,
        "/ingest/cloudwatch": sns.endpoint(services, alerts.take),
        "/ingest/alerts": mapped,
        "/ingest/events/v2/enqueue": enqueue,
    }


class _Alerts:
    """Takes what those bring who were let in."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._door = Door(services)
        self._committed = Committed(COMMIT_SECONDS)

    async def posted(self, kind: str, name: str, request: Request) -> Response:
        """Take what was posted to the door of a kind of sources, or to that of one of them."""
        found = self._services.alert_sources
        if self._is_signed(kind, name, request):
            require_json(request)
            body = await read_body(request, MAX_BODY_BYTES)
            await self.take(self._door.signer(found, kind, name, request, body), body)
            return _ACCEPTED
        source = self._door.source(found, kind, name, request)
        require_json(request)
        await self.take(source, await read_body(request, MAX_BODY_BYTES))
        return _ACCEPTED

    def _is_signed(self, kind: str, name: str, request: Request) -> bool:
        """Return whether a request brings a signature, and there is a secret to compare it with."""
        how = SIGNATURES.get(kind)
        if how is None or how.header not in request.headers:
            return False
        return any(one.tokens for one in of_kind(self._services.alert_sources, kind, name))

    async def event(self, body: bytes) -> str:
        """Take an event of PagerDuty's form; return its dedup key.

        Raises:
            InputError: it cannot be read.
            HTTPException: 401 where its routing key is no source's.
        """
        found = of_kind(self._services.alert_sources, "events", "")
        key, event = events.without_credential(body)
        source = sender(found, key)
        if source is None:
            self._services.note_refusal("events", "the routing key is wrong or missing")
            raise HTTPException(401, "the routing key is no source's: look at its `token_env`")
        name, named = events.with_key(event, self._services.clock.now())
        await self.take(source, named)
        return name

    async def take(self, source: AlertSourceSettings, body: bytes) -> None:
        """Take a body; it is durable when this returns.

        Raises:
            InputError: it cannot be read.
            HTTPException: 503 where it cannot be stored now.
        """
        services = self._services
        if services.take_alerts is None:
            raise HTTPException(404, "no alerts are taken here")
        taken = partial(services.take_alerts, source.name, body, services.clock.now())
        try:
            kept = taken() if len(body) <= SMALL_BYTES else await run_in_threadpool(taken)
            await self._committed.wait(kept)
        except InputError:
            raise
        except BusyError as error:
            services.announce_alerts()  # somebody has to look whether it is so still
            raise HTTPException(503, f"{error}; {_LATER}", _RETRY) from error
        except (AiopsError, TimeoutError) as error:
            _LOG.error("alerts of %s: %s", source.name, error)
            raise HTTPException(503, _LATER, _RETRY) from error
        services.announce_alerts()


def _taken(key: str) -> JSONResponse:
    return JSONResponse({"status": "success", "message": "Event processed", "dedup_key": key}, 202)


def _refusal(
    code: int,
    status: str,
    message: str,
    errors: list[str],
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return why an event is not taken, in PagerDuty's form."""
    content = {"status": status, "message": message, "errors": errors or [message]}
    return JSONResponse(content, code, headers=headers)
