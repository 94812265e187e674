"""Forms of the console: read only from pages of our own, with who says it and why."""

from urllib.parse import parse_qs, quote, urlsplit

from fastapi import HTTPException, Request
from starlette.responses import RedirectResponse, Response

from aiops.domain.incidents import Incident
from aiops.domain.words import Place
from aiops.web.bodies import read_body

PLACE = Place.CONSOLE
"""Where it was said, for the audit log."""

Form = dict[str, list[str]]

_MAX_BODY_BYTES = 64 * 1024
_MAX_FIELDS = 500
_SEE_OTHER = 303


async def read_form(request: Request) -> Form:
    """Return the fields of a form that a page of ours sent.

    Raises:
        HTTPException: 403 when it comes from a page of somebody else's, which a browser says;
            400 when it is no form.
    """
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403, "This was sent by another site's page; nothing was done.")
    body = await read_body(request, _MAX_BODY_BYTES)
    try:
        return parse_qs(body.decode(), errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise HTTPException(400, "The body is no form of UTF-8 text.") from error


def said(form: Form, name: str) -> str:
    """Return what was typed into a field.

    Raises:
        HTTPException: 400 when it is empty.
    """
    value = field(form, name)
    if not value:
        what = {"by": "who you are", "why": "why: it is what others will read of it"}[name]
        raise HTTPException(400, f"Say {what}; nothing was done.")
    return value


def field(form: Form, name: str) -> str:
    """Return what was typed into a field, "" where it was left empty."""
    return " ".join(form.get(name, [""])[0].split())


def to_incident(incident: Incident) -> Response:
    """Return the answer that leads to an incident's page."""
    return RedirectResponse(f"/incidents/{quote(incident.id, safe='')}", _SEE_OTHER)
