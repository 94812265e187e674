"""`POST /ingest/github` and the like: what tools tell of changes, durable before it is accepted."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from aiops.settings import CHANGE_KINDS, ChangeSourceSettings
from aiops.web.bodies import read_body, require_json
from aiops.web.door import Door, of_kind
from aiops.web.services import WebServices

MAX_BODY_BYTES = 8 * 1024 * 1024

SIGNATURES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "github": ("x-hub-signature-256", "sha256="),
        "launchdarkly": ("x-ld-signature", ""),
    }
)
"""The header with the HMAC-SHA256 of a body, and how it begins, by kind of source.

References:
    docs.github.com, "Validating webhook deliveries"; launchdarkly.com/docs, "Webhooks".
"""

_READ_HEADERS = ("x-github-event", "x-github-delivery", "ce-type", "ce-id", "ce-source")
_FORM = "application/x-www-form-urlencoded"


def router(services: WebServices) -> APIRouter:
    """Return the endpoints that tools report to, by kind, and by name where there are several."""
    routes = APIRouter(prefix="/ingest")
    door = Door(services)

    async def take(kind: str, name: str, request: Request) -> JSONResponse:
        if services.take_report is None:
            raise HTTPException(404, "no changes are taken here")
        if request.headers.get("content-type", "").startswith(_FORM):
            raise HTTPException(415, "choose application/json as the content type of the webhook")
        require_json(request)
        if kind in SIGNATURES:
            body = await read_body(request, MAX_BODY_BYTES)
            source = _signer(services, kind, name, request, body)
        else:
            source = door.source(services.change_sources, kind, name, request)
            body = await read_body(request, MAX_BODY_BYTES)
        headers = {key: request.headers[key] for key in _READ_HEADERS if key in request.headers}
        taken = await run_in_threadpool(services.take_report, source, body, headers)
        return JSONResponse(taken, 202)

    def endpoint(kind: str) -> Callable[[Request, str], Awaitable[JSONResponse]]:
        async def report(request: Request, name: str = "") -> JSONResponse:
            return await take(kind, name, request)

        return report

    for kind in CHANGE_KINDS:
        routes.post(f"/{kind}")(endpoint(kind))
        routes.post(f"/{kind}/{{name}}")(endpoint(kind))
    return routes


def signature_of(secret: str, body: bytes) -> str:
    """Return the HMAC-SHA256 of a body, in hex.

    Examples:
        >>> signature_of("secret", b"{}")[:8]
        '77325902'
    """
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _signer(
    services: WebServices, kind: str, name: str, request: Request, body: bytes
) -> ChangeSourceSettings:
    """Return the source whose secret a body was signed with; each is compared in constant time."""
    found = of_kind(services.change_sources, kind, name)
    header, begin = SIGNATURES[kind]
    given = request.headers.get(header, "").encode()
    fits = [
        (one, hmac.compare_digest(given, f"{begin}{signature_of(secret, body)}".encode()))
        for one in found
        for secret in (token.get_secret_value() for token in one.tokens)
    ]
    signer = next((one for one, is_same in fits if is_same), None)
    if signer is None:
        services.note_refusal(kind, "the signature is wrong or missing")
        raise HTTPException(
            401, f"the signature ({header}) is wrong or missing: see `aiops help source {kind}`"
        )
    return signer
