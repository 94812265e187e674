"""`POST /ingest/cloudwatch`: alarms that Amazon SNS delivers, and the subscriptions they come by.

Who sends is known by the message alone: signed by SNS, of a topic that `aiops.yaml` names. Its
header `x-amz-sns-message-type` is not signed, so what it is is read in the message. SNS sends again
after 5xx, and not after 4xx.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from aiops.domain.errors import AdapterError, InputError
from aiops.ingest import sns
from aiops.settings import AlertSourceSettings
from aiops.web.bodies import read_body
from aiops.web.direct import Endpoint
from aiops.web.door import of_kind
from aiops.web.services import WebServices
from aiops.web.sns_signature import is_signed

KIND: Final = "cloudwatch"
MAX_BODY_BYTES: Final = 1024 * 1024
"""SNS delivers up to 256 kB, which JSON may make several times longer."""

_RAW_HEADER: Final = "x-amz-sns-rawdelivery"
_CERTIFICATES_KEPT: Final = 16
_LOG = logging.getLogger(__name__)

Take = Callable[[AlertSourceSettings, bytes], Awaitable[None]]
"""Makes a body of a source durable."""


def endpoint(services: WebServices, take: Take) -> Endpoint:
    """Return the endpoint topics are subscribed to."""
    door = _Door(services)

    async def delivered(request: Request, name: str) -> Response:
        of_kind(services.alert_sources, KIND, name)
        if _RAW_HEADER in request.headers:
            raise HTTPException(
                400, "raw message delivery is on and leaves nothing signed: switch it off"
            )
        envelope = sns.read(await read_body(request, MAX_BODY_BYTES))
        source = await door.source(name, envelope)
        if envelope.kind == sns.SUBSCRIBE:
            await door.confirm(envelope)
            return JSONResponse({"confirmed": envelope.topic}, 200)
        if envelope.kind == sns.UNSUBSCRIBE:
            services.note_refusal(KIND, f"somebody has unsubscribed us from {envelope.topic}")
            return JSONResponse({"accepted": False}, 202)
        await take(source, envelope.stored)
        return JSONResponse({"accepted": True}, 202)

    return delivered


class _Door:
    """Lets in what SNS signed, of topics that are expected."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._certificates: OrderedDict[str, bytes] = OrderedDict()
        self._asking = asyncio.Lock()

    async def source(self, name: str, envelope: sns.Envelope) -> AlertSourceSettings:
        """Return the source whose topic signed a message.

        Raises:
            HTTPException: 401 where that is none, 503 where it cannot be found out now.
        """
        found = of_kind(self._services.alert_sources, KIND, name)
        source = next((one for one in found if envelope.topic in one.topics), None)
        if source is None:
            raise self._refused(f"the topic is not listed in `sources.{found[0].name}.topics`")
        try:
            certificate = await self._certificate(envelope.certificate_url)
        except InputError as error:
            raise self._refused(str(error)) from error
        if not is_signed(envelope, certificate, self._services.real_clock.now()):
            raise self._refused("the signature is wrong")
        return source

    async def confirm(self, envelope: sns.Envelope) -> None:
        """Confirm a subscription that was found to be ours.

        Raises:
            InputError: its address is not that of SNS, or it is too late.
            HTTPException: 503 where SNS does not answer.
        """
        await self._asked(envelope.subscribe_url)
        _LOG.info("the subscription to %s is confirmed", envelope.topic)

    async def _certificate(self, url: str) -> bytes:
        """Return a certificate; one is asked for at a time, as nobody is known to be SNS so far."""
        known = self._certificates.get(url)
        if known is not None:
            return known
        async with self._asking:
            if url not in self._certificates:
                self._certificates[url] = await self._asked(url)
            while len(self._certificates) > _CERTIFICATES_KEPT:
                self._certificates.popitem(last=False)
            return self._certificates[url]

    async def _asked(self, url: str) -> bytes:
        try:
            return await run_in_threadpool(self._services.fetch, url)
        except AdapterError as error:
            _LOG.error("%s", error)
            raise HTTPException(
                503, f"{error}; send it again later", {"retry-after": "30"}
            ) from error

    def _refused(self, why: str) -> HTTPException:
        self._services.note_refusal(KIND, why)
        return HTTPException(401, f"{why}: see `aiops help source {KIND}`")
