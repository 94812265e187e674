"""The web application: routers put together, errors answered in the caller's form."""

import logging
from collections.abc import Mapping

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aiops.domain.errors import AiopsError, InputError
from aiops.web import (
    alerts,
    api,
    case_events,
    change_tools,
    declaring,
    ingest,
    json_logs,
    maintenance,
    metrics,
    otlp,
    pages,
    regrouping,
    rendering,
    samples,
    saying,
    silences,
    slack,
    words,
)
from aiops.web.direct import Direct
from aiops.web.services import WebServices

_ROUTES = (
    ingest,
    alerts,
    change_tools,
    case_events,
    json_logs,
    maintenance,
    metrics,
    otlp,
    slack,
    words,
    api,
    pages,
    regrouping,
    saying,
    declaring,
    silences,
)
_LOG = logging.getLogger(__name__)
_FOR_PROGRAMS = ("/api/", "/ingest/", "/v1/", "/slack/", "/pagerduty/", "/healthz", "/metrics")
_RETRY_SECONDS = "5"
_SECURE_HEADERS = tuple(
    (name.encode(), value.encode()) for name, value in rendering.SECURITY_HEADERS.items()
)
_SECURE_NAMES = frozenset(name for name, _ in _SECURE_HEADERS)


def create_app(services: WebServices) -> ASGIApp:
    """Return the web application; it keeps nothing that is not in `services`."""
    app = FastAPI(title="aiops", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(StarletteHTTPException, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_wrong_request)
    app.add_exception_handler(AiopsError, _on_failure)
    for module in _ROUTES:
        app.include_router(module.router(services))

    @app.get("/healthz")
    def health() -> dict[str, str]:
        """Say that the process answers; whether signals flow is on the first page."""
        return {"status": "ok"}

    @app.get(rendering.STYLE_PATH)
    def style() -> Response:
        content, _ = rendering.stylesheet()
        headers = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(content, media_type="text/css", headers=headers)

    direct = {**alerts.endpoints(services), **samples.endpoints(services)}
    return _SecurityHeaders(Direct(app, direct, _on_error))


class _SecurityHeaders:
    """Puts the headers on every answer that keep a page from doing what it should not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [one for one in message["headers"] if one[0] not in _SECURE_NAMES]
                message = {**message, "headers": [*given, *_SECURE_HEADERS]}
            await send(message)

        await self._app(scope, receive, with_headers)


async def _on_error(request: Request, error: Exception) -> Response:
    known = isinstance(error, StarletteHTTPException)
    return await (_on_refusal(request, error) if known else _on_failure(request, error))


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)  # noqa: S101  # registered for it
    texts = {404: "There is no such page.", 405: "This cannot be asked in this way."}
    text = str(error.detail) if isinstance(error, HTTPException) else texts.get(error.status_code)
    return _answer(request, error.status_code, text or str(error.detail), error.headers)


async def _on_wrong_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for it
    places = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    return _answer(request, 422, "; ".join(places))


async def _on_failure(request: Request, error: Exception) -> Response:
    if isinstance(error, InputError):
        return _answer(request, 400, str(error))
    _LOG.error("%s %s: %s", request.method, request.url.path, error)
    text = f"This could not be done now, nothing was taken: {error}. Try again in a moment."
    return _answer(request, 503, text, {"retry-after": _RETRY_SECONDS})


def _answer(
    request: Request, status: int, text: str, headers: Mapping[str, str] | None = None
) -> Response:
    path = request.url.path
    if path.startswith(_FOR_PROGRAMS):
        return JSONResponse({"error": text}, status, headers=headers)
    response = rendering.page("problem.html", status, code=status, text=text)
    response.headers.update(headers or {})
    return response
