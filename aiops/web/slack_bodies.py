"""Bodies of requests that Slack signed: read, and refused where they are not Slack's, or old."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import HTTPException, Request

from aiops.web.bodies import read_body
from aiops.web.services import WebServices
from aiops.web.slack_signature import SlackGate


class SlackBodies:
    """Reads the bodies of one endpoint that Slack calls.

    Args:
        services: for the signing secret and the real clock.
        max_bytes: longer bodies are refused.
    """

    def __init__(self, services: WebServices, max_bytes: int) -> None:
        secret = services.slack_signing_secret
        self._gate = SlackGate(secret) if secret else None
        self._clock = services.real_clock
        self._note_refusal = services.note_refusal
        self._max_bytes = max_bytes

    @asynccontextmanager
    async def taken(self, request: Request) -> AsyncIterator[bytes]:
        """Yield the raw body of a request that is Slack's and new.

        Where the block fails, the request was not taken: the same one may come again.

        Raises:
            HTTPException: 503 where no secret is set, 401 where it is not Slack's, 413 too long.
        """
        if self._gate is None:
            raise HTTPException(503, "no signing secret is set: AIOPS_SLACK_SIGNING_SECRET")
        body = await read_body(request, self._max_bytes)
        signature = request.headers.get("x-slack-signature", "")
        stamp = request.headers.get("x-slack-request-timestamp", "")
        refusal = self._gate.refusal(stamp, signature, body, self._clock.now())
        if refusal:
            self._note_refusal("slack", refusal)
            raise HTTPException(401, f"the request is not taken for Slack's: {refusal}")
        is_taken = False
        try:
            yield body
            is_taken = True
        finally:
            if not is_taken:
                self._gate.forget(signature)
