"""What people say of an incident in the console: one page with one plain form."""

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.words import Verb
from aiops.web import rendering
from aiops.web.access import guard
from aiops.web.forms import PLACE, field, read_form, said, to_incident
from aiops.web.services import WebServices

_LABELS = {
    Verb.ACKNOWLEDGE: "Acknowledge",
    Verb.ASSIGN: "Assign",
    Verb.MITIGATE: "Users meet it no more",
    Verb.RESOLVE: "Close without a watch",
    Verb.FIXED: "This fixed it",
    Verb.DISMISS: "Not an incident",
    Verb.USEFUL: "Useful",
    Verb.NOT_USEFUL: "Not useful",
}


def router(services: WebServices) -> APIRouter:
    """Return the page and what its form is sent to."""
    check = guard(services.web_token, services.base_url, for_people=True)
    routes = APIRouter(prefix="/incidents", dependencies=[Depends(check)])

    @routes.get("/{incident_id}/say")
    def page(incident_id: str) -> Response:
        found = services.incidents.get(incident_id)
        if found is None or services.say is None:
            raise HTTPException(404, "There is nothing here that anything could be said of.")
        return rendering.page("say.html", incident=found, labels=_offered(found))

    @routes.post("/{incident_id}/say")
    async def say(incident_id: str, request: Request) -> Response:
        form = await read_form(request)
        if services.say is None:
            raise HTTPException(404, "Nothing can be said here: use `aiops incident`.")
        wanted = field(form, "verb")
        verb = next((one for one in Verb if one.value == wanted), None)
        if verb is None:
            raise HTTPException(400, "Press one of the buttons; nothing was done.")
        incident = await run_in_threadpool(
            services.say,
            incident_id,
            verb,
            by=said(form, "by"),
            why=field(form, "why"),
            about=field(form, "about"),
            place=PLACE,
        )
        return to_incident(incident)

    return routes


def _offered(incident: Incident) -> dict[str, str]:
    """Return the buttons by what they say: only what says anything new of where it is."""
    hidden: set[Verb] = set()
    if incident.state is not IncidentState.OPEN:
        hidden.add(Verb.ACKNOWLEDGE)
    if not incident.is_live:
        hidden |= {Verb.ASSIGN, Verb.MITIGATE}
    if incident.state is IncidentState.RESOLVED:
        hidden.add(Verb.RESOLVE)
    if incident.dismissed_by:
        hidden.add(Verb.DISMISS)
    return {verb.value: label for verb, label in _LABELS.items() if verb not in hidden}
