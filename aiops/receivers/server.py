"""Runs an ASGI app on loopback: in a thread of this process, or as a process of its own."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from aiops.domain.errors import AdapterError
from aiops.receivers.asgi import ABORT_EXTENSION

_HOST = "127.0.0.1"
_STOP_SECONDS = 10.0


class _AbortableProtocol(H11Protocol):
    """HTTP/1.1 that lets the app cut its connection, by an ASGI extension."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        inner: Any = self.app

        async def with_abort(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[ABORT_EXTENSION] = transport.abort
            await inner(scope, receive, send)

        self.app = with_abort


@contextmanager
def serve(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Run `app` on 127.0.0.1 in a daemon thread and yield its base URL.

    Args:
        app: any ASGI app; it is called from that one thread only.
        port: 0 takes a free one.

    Yields:
        The base URL, without a slash at the end; it may be called at once: the port is open.

    Raises:
        AdapterError: the port is taken, or the server did not stop in time.
    """
    listener = _listen(port)
    server = uvicorn.Server(_config(app))
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="receiver", daemon=True
    )
    thread.start()
    try:
        yield f"http://{_HOST}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(_STOP_SECONDS)
        listener.close()
    if thread.is_alive():
        raise AdapterError(f"the receiver did not stop within {_STOP_SECONDS:g} s")


def run(app: ASGIApp, port: int = 0, *, ready: Callable[[str], None] | None = None) -> None:
    """Run `app` on 127.0.0.1 until SIGINT or SIGTERM; for a process of its own.

    Args:
        app: any ASGI app.
        port: 0 takes a free one.
        ready: is given the base URL once the port is open.

    Raises:
        AdapterError: the port is taken.
    """
    with _listen(port) as listener:
        if ready is not None:
            ready(f"http://{_HOST}:{listener.getsockname()[1]}")
        uvicorn.Server(_config(app)).run(sockets=[listener])


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_AbortableProtocol,
        ws="none",
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=1,
    )


def _listen(port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise AdapterError(
            f"cannot listen on {_HOST}:{port}: {error.strerror}; choose another port"
        ) from error
    return listener
