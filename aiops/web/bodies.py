"""Reading a request's body without letting it grow past what we keep in memory."""

from fastapi import HTTPException, Request

MAX_BODY_BYTES = 1024 * 1024


async def read_body(request: Request, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Return the body.

    Raises:
        HTTPException: 413 when it is longer than `max_bytes`, noticed before it is read where its
            length is announced; 415 when it is compressed.
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(415, "compressed bodies are not read here; send it uncompressed")
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and len(announced) < 19 and int(announced) > max_bytes:
        raise HTTPException(413, _too_large(max_bytes))
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise HTTPException(413, _too_large(max_bytes))
    return bytes(body)


def _too_large(max_bytes: int) -> str:
    return f"the body is longer than {max_bytes:,} bytes; send it in parts"
