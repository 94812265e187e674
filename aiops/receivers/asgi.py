"""The HTTP side every ledger shares: read, perhaps go wrong, answer, keep."""

import asyncio

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from aiops.domain.errors import InputError
from aiops.receivers.faults import Fault, FaultKind, FaultPlan, parse_faults
from aiops.receivers.ledger import Answer, Ledger, Received

ABORT_EXTENSION = "aiops.abort"
"""The ASGI extension of our server that cuts the connection; see `aiops.receivers.server`."""

_GARBAGE = b"\x00\xff<html>upstream connect error"


def receiver_app(ledger: Ledger, faults: FaultPlan) -> ASGIApp:
    """Return the ASGI app that lets `ledger` answer over HTTP.

    Beside the vendor's own paths it has `GET /_records` (everything kept, and the state it adds
    up to), and `GET | POST | DELETE /_faults` (see `parse_faults`).

    Args:
        ledger: answers and keeps the requests.
        faults: what goes wrong; shared with the test that fills it.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # uvicorn is told not to send any other
            raise InputError(f"the receivers speak http only, not {scope['type']}")
        request = Request(scope, receive)
        if request.url.path.startswith("/_"):
            await (await _control(request, ledger, faults))(scope, receive, send)
            return
        fault = faults.take(request.url.path, request.method)
        await _serve_vendor(request, ledger, fault, receive, send)

    return app


async def _serve_vendor(
    request: Request, ledger: Ledger, fault: Fault | None, receive: Receive, send: Send
) -> None:
    received = ledger.stamp(
        method=request.method,
        path=request.url.path,
        query=dict(request.query_params),
        headers=dict(request.headers),
        body=await request.body(),
    )
    answer = answer_under(fault, ledger, received)
    cuts = fault is not None and fault.kind.cuts
    ledger.keep(received, answer, fault=fault.kind if fault else None, cut=cuts)
    if fault is not None and fault.seconds:
        await asyncio.sleep(fault.seconds)
    if cuts:
        await _cut(request.scope, receive)
        return
    content_type = "text/html" if isinstance(answer.content, bytes) else "application/json"
    headers = {"content-type": content_type, **answer.headers}
    response = Response(answer.encoded(), answer.status, headers=headers)
    await response(request.scope, receive, send)


def answer_under(fault: Fault | None, ledger: Ledger, received: Received) -> Answer:
    """Return what a request is answered when `fault` happens to it; the ledger acts or does not."""
    if fault is None or fault.kind.acts:
        return ledger.answer(received)
    if fault.kind is FaultKind.GARBAGE:
        return Answer(status=200, content=_GARBAGE)
    return ledger.refusal(fault.status, fault.retry_after_seconds)


async def _cut(scope: Scope, receive: Receive) -> None:
    abort = scope.get("extensions", {}).get(ABORT_EXTENSION)
    if abort is None:  # in-process transports have no connection; their client sees this
        raise ConnectionResetError("the receiver was told to cut the connection")
    abort()
    while (await receive())["type"] != "http.disconnect":
        continue


async def _control(request: Request, ledger: Ledger, faults: FaultPlan) -> Response:
    route = (request.method, request.url.path)
    if route == ("GET", "/_records"):
        return _json(
            {"receiver": ledger.name, "records": ledger.records, **ledger.state()},
        )
    if request.url.path != "/_faults" or request.method not in {"GET", "POST", "DELETE"}:
        return _json({"error": f"no such control: {route[0]} {route[1]}"}, 404)
    if request.method == "POST":
        try:
            faults.add(*parse_faults(orjson.loads(await request.body())))
        except (InputError, orjson.JSONDecodeError) as error:
            return _json({"error": str(error)}, 400)
    elif request.method == "DELETE":
        faults.clear()
    return _json({"faults": faults.to_json()})


def _json(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
