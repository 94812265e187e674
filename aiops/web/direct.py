"""Endpoints that are called thousands of times a second, past the framework's router.

Matching every route and resolving dependencies costs several times what taking a body does.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any

from fastapi import HTTPException
from starlette.datastructures import Headers
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
        request = _Posted(scope, receive)
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


class _Headers(Headers):
    """Headers decoded once, of several with one name the first; starlette's are each searched."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(raw=scope["headers"])
        self._first = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in self._list[::-1]
        }

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower()]

    def __contains__(self, key: Any) -> bool:
        return key.lower() in self._first

    def get(self, key: str, default: Any = None) -> Any:
        return self._first.get(key.lower(), default)


class _Posted(Request):
    """A request whose headers are looked at several times."""

    @cached_property
    def headers(self) -> Headers:
        return _Headers(self.scope)


async def _only_posted(_request: Request, _name: str) -> Response:
    raise HTTPException(405, "This cannot be asked in this way.", {"allow": "POST"})
