"""`/api`: incidents as JSON, in the form of `incidents.json` (DESIGN §8), and marks on series."""

from dataclasses import asdict
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, HTTPException, Query
from starlette.responses import Response

from aiops.domain.incidents import Incident
from aiops.incident.export import export
from aiops.slo import standing
from aiops.web.access import guard
from aiops.web.services import WebServices


def router(services: WebServices) -> APIRouter:
    """Return the JSON API."""
    check = guard(services.web_token, services.base_url, for_people=False)
    routes = APIRouter(prefix="/api", dependencies=[Depends(check)])

    @routes.get("/incidents")
    def listed(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Response:
        return _json([_exported(one) for one in services.incidents.recent(limit)])

    @routes.get("/incidents/{incident_id}")
    def one(incident_id: str) -> Response:
        found = services.incidents.get(incident_id)
        if found is None:
            raise HTTPException(404, "there is no such incident; GET /api/incidents lists them")
        return _json(_exported(found))

    @routes.get("/journeys")
    def journeys() -> Response:
        return _json([standing.export(one) for one in services.journeys()])

    @routes.get("/marks")
    def marks() -> Response:
        return _json([asdict(mark) for mark in services.marks()])

    return routes


def _exported(incident: Incident) -> dict[str, object]:
    now = {"incident": incident.id, "episode": incident.episode, "revision": incident.revision}
    return export(incident) | now | {"state": incident.state.value}


def _json(content: object) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
