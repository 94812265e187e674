"""Telling a running aiops of a change, from another machine: patient, and clear where it fails."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from aiops.domain.errors import AiopsError, InputError

_WAITS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between attempts: a restart of the server is waited for."""

_TIMEOUT_SECONDS = 10.0
_RETRIED = frozenset({429, 500, 502, 503, 504})


def post_change(
    url: str,
    token: str,
    event: Mapping[str, Any],
    *,
    client: httpx.Client | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Mapping[str, Any]:
    """Send one change event; return what the server answered. Sent again, it is the same change.

    Args:
        url: where aiops listens, as https://aiops.example.com.
        token: of the server; empty for none.
        event: as in `aiops help source changes`.
        client: sends the request; made here when None.
        sleep: waits between attempts.

    Raises:
        InputError: the server refused it; says why.
        AiopsError: nobody took it.
    """
    own = client or httpx.Client(timeout=_TIMEOUT_SECONDS, follow_redirects=False)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    address = f"{url.rstrip('/')}/ingest/changes"
    why = ""
    for wait in (*_WAITS, None):
        try:
            answer = own.post(address, json=dict(event), headers=headers)
        except httpx.InvalidURL as error:
            raise InputError(f"--url: {error}, expected as https://aiops.example.com") from error
        except httpx.HTTPError as error:
            why = f"{type(error).__name__}: {error}"
        else:
            if answer.is_success:
                return dict(answer.json())
            why = f"it answered {answer.status_code}: {answer.text[:300]}"
            if answer.status_code not in _RETRIED:
                raise InputError(f"{address}: {why}")
        if wait is not None:
            sleep(wait)
    raise AiopsError(f"{address} took nothing in {len(_WAITS) + 1} attempts: {why}")
