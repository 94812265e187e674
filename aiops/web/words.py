"""`POST /pagerduty/webhook` and `/slack/actions`: what people say elsewhere, stored, then answered.

Both are answered as soon as the word is durable; a worker takes it into its incident.
"""

import logging
from concurrent.futures import TimeoutError as CommitTimeoutError
from urllib.parse import parse_qs

import orjson
from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from aiops.domain.errors import AiopsError, InputError
from aiops.ingest.pagerduty_words import event_id
from aiops.ingest.slack_words import without_secrets
from aiops.ingest.words import read_object
from aiops.web.bodies import read_body
from aiops.web.pagerduty_signature import is_signed
from aiops.web.services import WebServices
from aiops.web.slack_bodies import SlackBodies

_MAX_BODY_BYTES = 1024 * 1024
_LOG = logging.getLogger(__name__)


def router(services: WebServices) -> APIRouter:
    """Return the endpoints PagerDuty and Slack send people's words to."""
    routes = APIRouter()
    bodies = SlackBodies(services, _MAX_BODY_BYTES)

    @routes.post("/pagerduty/webhook")
    async def webhook(request: Request) -> Response:
        secrets = services.pagerduty_webhook_secrets
        if not secrets:
            raise HTTPException(503, "no secret is set: AIOPS_PAGERDUTY_WEBHOOK_SECRET")
        body = await read_body(request, _MAX_BODY_BYTES)
        if not is_signed(secrets, request.headers.get("x-pagerduty-signature", ""), body):
            services.note_refusal("pagerduty", "the signature is wrong or missing")
            raise HTTPException(
                401, "the signature is wrong or missing; check AIOPS_PAGERDUTY_WEBHOOK_SECRET"
            )
        try:
            key = event_id(body)
        except InputError as error:
            # a refusal would count towards switching our subscription off; nothing is lost here
            _LOG.warning("a signed webhook of PagerDuty's is passed over: %s", error)
            return JSONResponse({"taken": False}, 202)
        await _kept(services, "pagerduty", key, body)
        return JSONResponse({"taken": True}, 202)

    @routes.post("/slack/actions")
    async def actions(request: Request) -> Response:
        async with bodies.taken(request) as body:
            await _kept(services, "slack", "", _payload(body))
        return Response(status_code=200)

    return routes


def _payload(body: bytes) -> bytes:
    try:
        fields = parse_qs(body.decode(), errors="strict", max_num_fields=10)
        # what is nested too deep can be read and not be written
        return orjson.dumps(without_secrets(read_object(fields["payload"][0].encode())))
    except (ValueError, KeyError, InputError, orjson.JSONEncodeError) as error:
        raise HTTPException(400, "the body is no form with a field `payload` of JSON") from error


async def _kept(services: WebServices, source: str, key: str, body: bytes) -> None:
    """Store a word durably.

    Raises:
        HTTPException: 503 where it cannot be stored now, so that the sender tries again.
    """
    if services.keep_word is None:
        raise HTTPException(404, "nobody's words are taken here")
    try:
        await run_in_threadpool(services.keep_word, source, key, body)
    except (AiopsError, CommitTimeoutError) as error:
        _LOG.error("%s: a word could not be stored: %s", source, error)
        raise HTTPException(503, "it could not be stored now; send it again") from error
