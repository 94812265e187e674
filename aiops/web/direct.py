"""Endpoints that are called thousands of times a second, past the framework's router.

Matching every route and resolving dependencies costs several times what taking a body does.
"""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from aiops.domain.errors import AiopsError

Endpoint = Callable[[Request, str], Awaitable[Response]]
"""Answers a POST; the text is what follows its path, as the name of a source; or empty."""

Refuse = Callable[[Request, Exception], Awaitable[Response]]


class Direct:
    """Middleware that gives what is posted to some paths to their endpoints.

    Args:
        app: what answers everything else.
        endpoints: by path, without a slash at the end.
        refuse: answers for an HTTPException or AiopsError that an endpoint raised.
    """

    def __init__(self, app: ASGIApp, endpoints: Mapping[str, Endpoint], refuse: Refuse) -> None:
        self._app = app
        self._endpoints = endpoints
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        found = self._find(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        endpoint, name = found
        request = Request(scope, receive)
        if scope["method"] != "POST":
            endpoint = _only_posted
        try:
            response = await endpoint(request, name)
        except (HTTPException, AiopsError) as error:
            response = await self._refuse(request, error)
        await response(scope, receive, send)

    def _find(self, path: str) -> tuple[Endpoint, str] | None:
        """Return the endpoint of a path, and what follows: one further part of it at most."""
        endpoint, name = self._endpoints.get(path), ""
        if endpoint is None:
            path, _, name = path.rpartition("/")
            endpoint = self._endpoints.get(path) if name else None
        return None if endpoint is None else (endpoint, name)


async def _only_posted(_request: Request, _name: str) -> Response:
    raise HTTPException(405, "This cannot be asked in this way.", {"allow": "POST"})
