"""One POST or GET to a vendor, and what its failures mean for a notification."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from urllib.parse import urlsplit

import httpx

from aiops.domain.errors import DeliveryError

TIMEOUT_SECONDS = 10.0
"""For each step of one request; a delivery's lease is longer."""

_MAX_WAIT_SECONDS = 3600.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def new_client(url: str) -> httpx.Client:
    """Return a client for one vendor; the environment's proxies are not for loopback."""
    return httpx.Client(trust_env=urlsplit(url).hostname not in _LOOPBACK)


def request(
    client: httpx.Client,
    sink: str,
    method: str,
    url: str,
    headers: Mapping[str, str],
    *,
    content: bytes | None = None,
    params: Mapping[str, str] | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> httpx.Response:
    """Send one request and return the answer, whatever its status.

    No message quotes what httpx says: that may hold a header, and so a secret.

    Args:
        client: that sends it.
        sink: name of the sink, for messages.
        method: of HTTP.
        url: full address.
        headers: may hold a secret.
        content: the body.
        params: the query.
        timeout_seconds: for connecting, writing and waiting, each.

    Raises:
        DeliveryError: there was no answer. `ambiguous` when the request may have arrived.
    """
    where = f"sink {sink}: {method} {_shown(url)}"
    timeout = httpx.Timeout(timeout_seconds)
    try:
        return client.request(
            method, url, headers=headers, content=content, params=params, timeout=timeout
        )
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError):
        raise DeliveryError(
            f"{where}: the request cannot be formed; check the address, and the secret for spaces",
            retryable=False,
        ) from None
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
        raise DeliveryError(
            f"{where}: no connection ({type(error).__name__}); check the address and the network",
            retryable=True,
        ) from error
    except httpx.RequestError as error:
        raise DeliveryError(
            f"{where}: no answer ({type(error).__name__}); it may have arrived all the same",
            retryable=True,
            ambiguous=True,
        ) from error


@contextmanager
def reading() -> Iterator[None]:
    """Let what fails inside be unambiguous: a request that only reads may be repeated freely.

    Raises:
        DeliveryError: what failed inside.
    """
    try:
        yield
    except DeliveryError as error:
        if not error.ambiguous:
            raise
        raise DeliveryError(
            str(error),
            retryable=error.retryable,
            retry_after_seconds=error.retry_after_seconds,
        ) from error


def wait_seconds(response: httpx.Response) -> float | None:
    """Return how long the vendor asked us to wait, in seconds, None where it said nothing usable.

    Examples:
        >>> wait_seconds(httpx.Response(429, headers={"Retry-After": "7"}))
        7.0
        >>> wait_seconds(httpx.Response(429, headers={"ratelimit-reset": "soon"})) is None
        True
    """
    for name in ("retry-after", "ratelimit-reset"):
        try:
            seconds = float(response.headers.get(name, ""))
        except ValueError:
            continue
        if isfinite(seconds) and seconds >= 0:
            return min(seconds, _MAX_WAIT_SECONDS)
    return None


def is_passing(status: int) -> bool:
    """Return whether a refusal with this status may be taken later."""
    return status in (408, 425, 429) or status >= 500


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
