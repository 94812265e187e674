"""Reading a request's body without letting it grow past what we keep in memory."""

import zlib

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

MAX_BODY_BYTES = 1024 * 1024
_JSON_TYPES = (
    "application/json",
    "application/x-ndjson",
    "application/jsonl",
    "application/cloudevents+json",
)
_MEMBERS = 100
_GZIP = 16 + zlib.MAX_WBITS


def encoding_of(request: Request) -> str:
    """Return how a request's body is packed, as `gzip`; `identity` where it is not."""
    return request.headers.get("content-encoding", "identity").strip().lower()


def require_json(request: Request) -> None:
    """Refuse what a web page somewhere could send without being allowed to.

    Raises:
        HTTPException: 415 where the body is not said to be JSON.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _JSON_TYPES:
        raise HTTPException(415, "send `Content-Type: application/json`")


async def read_body(
    request: Request, max_bytes: int = MAX_BODY_BYTES, encodings: tuple[str, ...] = ("identity",)
) -> bytes:
    """Return the body as it came.

    Args:
        request: whose body.
        max_bytes: how long it may be, still packed.
        encodings: how it may be packed.

    Raises:
        HTTPException: 413 when it is longer than `max_bytes`, noticed before it is read where its
            length is announced; 415 when it is packed otherwise.
    """
    if encoding_of(request) not in encodings:
        told = " or ".join(encodings)
        raise HTTPException(415, f"compressed bodies are not read here; send it as {told}")
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and len(announced) < 19 and int(announced) > max_bytes:
        raise HTTPException(413, _too_large(max_bytes))
    body, is_more = await _part(request)
    if is_more:
        whole = bytearray(body)
        while is_more and len(whole) <= max_bytes:
            body, is_more = await _part(request)
            whole += body
        body = bytes(whole)
    if len(body) > max_bytes:
        raise HTTPException(413, _too_large(max_bytes))
    return body


async def _part(request: Request) -> tuple[bytes, bool]:
    """Return what came of a body, and whether there is more; `request.stream` costs thrice that.

    Raises:
        ClientDisconnect: nothing more will come.
    """
    message = await request.receive()
    if message["type"] != "http.request":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)


def gunzip(body: bytes, max_bytes: int) -> bytes:
    """Return what a gzip body holds.

    Raises:
        HTTPException: 413 when it holds more than `max_bytes`, which is noticed before it is all
            unpacked; 400 when it is no gzip, or not whole.
    """
    unpacked = bytearray()
    for _ in range(_MEMBERS):
        member = zlib.decompressobj(_GZIP)
        try:
            unpacked += member.decompress(body, max_bytes + 1 - len(unpacked))
        except zlib.error as error:
            raise HTTPException(400, f"the body is no gzip ({error})") from error
        if len(unpacked) > max_bytes:
            raise HTTPException(413, _too_large(max_bytes))
        if not member.eof:
            raise HTTPException(400, "the gzip body ends too early; send all of it")
        body = member.unused_data
        if not body:
            return bytes(unpacked)
    raise HTTPException(413, f"the gzip body has more than {_MEMBERS} members; send one")


def _too_large(max_bytes: int) -> str:
    return f"the body is longer than {max_bytes:,} bytes; send it in parts"
