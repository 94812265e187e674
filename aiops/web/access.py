"""Who may talk to us: tokens compared in constant time, and names only this machine goes by."""

import hmac
from base64 import b64decode
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

Guard = Callable[[Request], None]
"""Lets a request pass, or raises the HTTPException that refuses it."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def guard(token: str | None, base_url: str, *, for_people: bool) -> Guard:
    """Return what lets only those who know `token` pass.

    Without a token the server is on loopback; then a request must name a loopback host, or that
    of `base_url`, so that no page of somebody else's reaches it under a name of its own.

    Args:
        token: what must be presented, as bearer token or as the password of a browser's question.
        base_url: how people reach us.
        for_people: whether a browser should ask for the token.
    """
    hosts = _LOOPBACK | {urlsplit(base_url).hostname or "localhost"}
    challenge = 'Basic realm="aiops"' if for_people else 'Bearer realm="aiops"'

    def check(request: Request) -> None:
        if token is None:
            _require_host(request, hosts)
        elif not is_same(presented(request), token):
            raise HTTPException(
                401,
                "this needs the token: send `Authorization: Bearer …`, or give it as password",
                {"WWW-Authenticate": challenge},
            )

    return check


def is_same(given: str, expected: str) -> bool:
    """Compare two secrets in a time that says nothing about where they differ."""
    return hmac.compare_digest(given.encode(), expected.encode())


def presented(request: Request) -> str:
    """Return the token of a request: a bearer's, or the password of basic access; else nothing."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return b64decode(value, validate=True).decode().partition(":")[2]
        except ValueError:
            return ""
    return ""


def _require_host(request: Request, hosts: frozenset[str]) -> None:
    if _host(request.headers.get("host", "")) not in hosts:
        raise HTTPException(
            403,
            "without a token this server answers only to 127.0.0.1, localhost and the host of"
            " web.base_url; set that, or AIOPS_WEB_TOKEN",
        )


@lru_cache
def _host(header: str) -> str | None:
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None
