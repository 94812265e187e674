"""`POST /slack/commands`: slash commands, signed by Slack, answered within its three seconds."""

from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from aiops.web.bodies import read_body
from aiops.web.services import WebServices
from aiops.web.slack_answers import answer
from aiops.web.slack_signature import SlackGate

_MAX_BODY_BYTES = 64 * 1024
_MAX_FIELDS = 100


def router(services: WebServices) -> APIRouter:
    """Return the endpoint Slack calls."""
    routes = APIRouter(prefix="/slack")
    secret = services.slack_signing_secret
    gate = SlackGate(secret) if secret else None

    @routes.post("/commands")
    async def commands(request: Request) -> JSONResponse:
        if gate is None:
            raise HTTPException(503, "no signing secret is set: AIOPS_SLACK_SIGNING_SECRET")
        body = await read_body(request, _MAX_BODY_BYTES)
        refusal = gate.refusal(
            request.headers.get("x-slack-request-timestamp", ""),
            request.headers.get("x-slack-signature", ""),
            body,
            services.real_clock.now(),
        )
        if refusal:
            raise HTTPException(401, f"the request is not taken for Slack's: {refusal}")
        form = _form(body)
        command, text = form.get("command", ""), form.get("text", "")
        who = form.get("user_name") or form.get("user_id", "")
        return JSONResponse(await run_in_threadpool(answer, command, text, services, who))

    return routes


def _form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(
            body.decode(), errors="strict", max_num_fields=_MAX_FIELDS, keep_blank_values=True
        )
    except ValueError as error:
        raise HTTPException(400, "the body is no form of UTF-8 text") from error
    return {name: values[0] for name, values in fields.items()}
