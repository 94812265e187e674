"""The few addresses elsewhere that the web server asks itself; never one that is not pinned."""

from typing import Final

import httpx

from aiops.domain.errors import AdapterError, InputError

MAX_ANSWER_BYTES: Final = 65_536
_SECONDS: Final = 5.0
_PLAIN: Final = {"accept-encoding": "identity"}


def fetch(url: str, *, transport: httpx.BaseTransport | None = None) -> bytes:
    """Return what stands at an https address; a redirect is not followed.

    Args:
        url: the caller has made sure of its host.
        transport: what stands in for the network.

    Raises:
        InputError: it was answered that there is no such thing, or more than we read.
        AdapterError: it was not answered.
    """
    host = httpx.URL(url).host
    try:
        with (
            httpx.Client(timeout=_SECONDS, follow_redirects=False, transport=transport) as client,
            client.stream("GET", url, headers=_PLAIN) as response,
        ):
            if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
                raise AdapterError(f"{host} answered {response.status_code}")
            if response.status_code != httpx.codes.OK:
                raise InputError(f"found {response.status_code} at {host}, expected an answer")
            answer = bytearray()
            for chunk in response.iter_raw():  # as it came: what is packed may be gigabytes
                answer += chunk
                if len(answer) > MAX_ANSWER_BYTES:
                    raise InputError(f"found more than {MAX_ANSWER_BYTES:,} bytes at {host}")
            return bytes(answer)
    except httpx.HTTPError as error:
        raise AdapterError(f"{host} did not answer ({type(error).__name__})") from error
