"""`POST /ingest/alertmanager` and `/ingest/events/v2/enqueue`: what outside monitors report.

Each is answered once it is durable, in the form and with the codes on which its sender tries again:
Alertmanager after 5xx only, senders of PagerDuty events after 429 and 5xx.
"""

import asyncio
import logging
from collections.abc import Mapping

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from aiops.domain.errors import AiopsError, InputError
from aiops.ingest import events
from aiops.ingest.alert_bodies import MAX_BODY_BYTES
from aiops.settings import AlertSourceSettings
from aiops.web.access import guard, presented
from aiops.web.bodies import read_body, require_json
from aiops.web.senders import sender
from aiops.web.services import WebServices

COMMIT_SECONDS = 10.0
"""How long a sender waits for the database at most; then it is told to come again."""

_RETRY = {"retry-after": "5"}
_LATER = "it could not be stored now; send it again"
_LOG = logging.getLogger(__name__)


def router(services: WebServices) -> APIRouter:
    """Return the endpoints outside monitors send their alerts to."""
    routes = APIRouter(prefix="/ingest")
    door = _Door(services)

    @routes.post("/alertmanager")
    @routes.post("/alertmanager/{name}")
    async def alertmanager(request: Request, name: str = "") -> JSONResponse:
        source = door.source("alertmanager", name, request)
        require_json(request)
        await door.take(source, await read_body(request, MAX_BODY_BYTES))
        return JSONResponse({"accepted": True}, 202)

    @routes.post("/events/v2/enqueue")
    async def enqueue(request: Request) -> JSONResponse:
        try:
            body = await read_body(request, events.MAX_EVENT_BYTES)
            return _taken(await door.event(body))
        except InputError as error:
            return _refusal(400, "invalid event", "Event object is invalid", [str(error)])
        except HTTPException as error:
            return _refusal(error.status_code, "refused", str(error.detail), [], error.headers)

    return routes


class _Door:
    """Lets in those who know a source's token, and hands over what they bring."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._check = guard(services.ingest_token, services.base_url, for_people=False)

    def source(self, kind: str, name: str, request: Request) -> AlertSourceSettings:
        """Return the source of a request by its token; where none is asked for, the only one.

        Raises:
            HTTPException: 401 or 403 where it may not send, 404 where there is no such source.
        """
        found = self._sources(kind, name)
        known = sender(found, presented(request))
        if known is not None:
            return known
        free = [one for one in found if one.token_env is None]
        if not free:
            self._refuse(kind, "the token is wrong or missing")
            raise HTTPException(
                401,
                "this needs the token of the source: send `Authorization: Bearer …`",
                {"WWW-Authenticate": 'Bearer realm="aiops"'},
            )
        try:
            self._check(request)
        except HTTPException as error:
            self._refuse(kind, str(error.detail))
            raise
        if len(free) > 1:
            named = " or ".join(f"/ingest/{kind}/{one.name}" for one in free)
            raise HTTPException(400, f"there are several sources of this kind: send to {named}")
        return free[0]

    async def event(self, body: bytes) -> str:
        """Take an event of PagerDuty's form; return its dedup key.

        Raises:
            InputError: it cannot be read.
            HTTPException: 401 where its routing key is no source's.
        """
        found = self._sources("events", "")
        key, event = events.without_credential(body)
        source = sender(found, key)
        if source is None:
            self._refuse("events", "the routing key is wrong or missing")
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
        try:
            kept = await run_in_threadpool(
                services.take_alerts, source.name, body, services.clock.now()
            )
            await asyncio.wait_for(asyncio.wrap_future(kept), COMMIT_SECONDS)
        except InputError:
            raise
        except (AiopsError, TimeoutError) as error:
            _LOG.error("alerts of %s: %s", source.name, error)
            raise HTTPException(503, _LATER, _RETRY) from error
        await run_in_threadpool(services.announce_alerts)

    def _sources(self, kind: str, name: str) -> list[AlertSourceSettings]:
        found = [
            one
            for one in self._services.alert_sources
            if one.kind == kind and name in ("", one.name)
        ]
        if not found:
            wanted = f" called {name}" if name else ""
            raise HTTPException(
                404, f"aiops.yaml has no source of kind {kind}{wanted}: `aiops help source {kind}`"
            )
        return found

    def _refuse(self, where: str, why: str) -> None:
        self._services.note_refusal(where, why)


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
