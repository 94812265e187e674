"""`POST /slack/commands`: slash commands, signed by Slack, answered within its three seconds."""

from collections.abc import Mapping
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from aiops.domain.words import Asker, Place
from aiops.web.services import WebServices
from aiops.web.slack_answers import DECLARE, answer, declared
from aiops.web.slack_bodies import SlackBodies

_MAX_BODY_BYTES = 64 * 1024
_MAX_FIELDS = 100


def router(services: WebServices) -> APIRouter:
    """Return the endpoint Slack calls."""
    routes = APIRouter(prefix="/slack")
    bodies = SlackBodies(services, _MAX_BODY_BYTES)

    @routes.post("/commands")
    async def commands(request: Request) -> JSONResponse:
        async with bodies.taken(request) as body:
            form = _form(body)
            command, text = form.get("command", ""), form.get("text", "")
            who = form.get("user_name") or form.get("user_id", "")
            if command == "/incident" and text.split()[:1] == [DECLARE]:
                said = text.partition(DECLARE)[2]
                return JSONResponse(await run_in_threadpool(declared, said, services, _asker(form)))
            return JSONResponse(await run_in_threadpool(answer, command, text, services, who))

    return routes


def _asker(form: Mapping[str, str]) -> Asker:
    return Asker(
        name=form.get("user_name") or form.get("user_id", ""),
        place=Place.SLACK,
        id=form.get("user_id", ""),
        key=form.get("trigger_id", ""),
        answer_url=form.get("response_url", ""),
    )


def _form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(
            body.decode(), errors="strict", max_num_fields=_MAX_FIELDS, keep_blank_values=True
        )
    except ValueError as error:
        raise HTTPException(400, "the body is no form of UTF-8 text") from error
    return {name: values[0] for name, values in fields.items()}
