"""A loopback Prometheus: the part of its HTTP API our poller uses, as version 2.42 answers it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import parse_qsl

import numpy as np
import numpy.typing as npt
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from aiops.domain.errors import InputError
from aiops.receivers.prometheus_format import Labels, format_matrix, format_scalar, format_vector
from aiops.receivers.selectors import parse_selector

_MAX_STEPS = 11_000
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_DURATION = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?"
)
_UNIT_SECONDS = (365 * 86400, 7 * 86400, 86400, 3600, 60, 1, 0.001)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)")

Values = npt.NDArray[np.floating]


class SampleSource(Protocol):
    """Where the loopback Prometheus has its samples from; called from its one thread only."""

    def select(
        self, metric: str, matchers: Mapping[str, str], start: float, end: float, step: float
    ) -> Sequence[tuple[Labels, Values]]:
        """Return the series of a metric whose labels have the matchers' values.

        Args:
            metric: its name.
            matchers: label to value; "" means the label is not there.
            start: of the first step, epoch seconds.
            end: the last step is not after it.
            step: seconds between steps, above 0.

        Returns:
            Labels without `__name__`, and the values at start, start + step …; NaN where there
            is no sample.
        """
        ...

    def now(self) -> float:
        """Return the newest instant there are samples of, epoch seconds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Range:
    start_ms: int
    end_ms: int
    step_ms: int


def create_app(source: SampleSource) -> Starlette:
    """Return the app that answers `/api/v1/query` and `query_range` out of `source`.

    A query is a metric name, bare or with `{label="value",…}`, or for an instant `time()`; other
    PromQL is refused. Instants after `source.now()` have no samples, and it is the default of
    `time`.
    """

    async def query(request: Request) -> Response:
        return await _answer(request, source, _instant)

    async def query_range(request: Request) -> Response:
        return await _answer(request, source, _range)

    async def ready(_: Request) -> Response:
        return PlainTextResponse("Prometheus Server is Ready.\n")

    async def buildinfo(_: Request) -> Response:
        return _success(orjson.dumps({"version": "2.42.0", "revision": "", "goVersion": ""}))

    methods = ["GET", "POST"]
    return Starlette(
        routes=[
            Route("/api/v1/query", query, methods=methods),
            Route("/api/v1/query_range", query_range, methods=methods),
            Route("/api/v1/status/buildinfo", buildinfo),
            Route("/-/ready", ready),
        ]
    )


class _Reading(Protocol):
    def __call__(self, parameters: Mapping[str, str], source: SampleSource) -> bytes: ...


async def _answer(request: Request, source: SampleSource, read: _Reading) -> Response:
    parameters = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        parameters |= dict(parse_qsl((await request.body()).decode(errors="replace")))
    try:
        return _success(read(parameters, source))
    except InputError as error:
        content = {"status": "error", "errorType": "bad_data", "error": str(error)}
        return Response(orjson.dumps(content), 400, media_type="application/json")


def _success(data: bytes) -> Response:
    return Response(b'{"status":"success","data":' + data + b"}", media_type="application/json")


def _instant(parameters: Mapping[str, str], source: SampleSource) -> bytes:
    """Answer an instant query; its checks come in Prometheus's order."""
    text = parameters.get("time", "")
    try:
        at_ms = _milliseconds(text) if text else round(source.now() * 1000)
    except InputError as error:
        raise InputError(
            f"invalid parameter \"time\": Invalid time value for 'time': {error}"
        ) from error
    if parameters.get("query", "").strip() == "time()":
        return format_scalar(at_ms, at_ms / 1000)
    try:
        selector = parse_selector(parameters.get("query", ""))
    except InputError as error:
        raise InputError(f'invalid parameter "query": {error}') from error
    at = at_ms / 1000
    found = source.select(selector.metric, selector.matchers, at, at, 1.0)
    visible = found if at <= source.now() else ()
    return format_vector(selector.metric, at_ms, [(labels, float(v[0])) for labels, v in visible])


def _range(parameters: Mapping[str, str], source: SampleSource) -> bytes:
    """Answer a range query; its checks come in Prometheus's order."""
    asked = _range_of(parameters)
    selector = parse_selector(parameters.get("query", ""))
    steps_ms = np.arange(asked.start_ms, asked.end_ms + 1, asked.step_ms, dtype=np.int64)
    found = source.select(
        selector.metric,
        selector.matchers,
        asked.start_ms / 1000,
        asked.end_ms / 1000,
        asked.step_ms / 1000,
    )
    visible = int(np.searchsorted(steps_ms, round(source.now() * 1000), side="right"))
    return format_matrix(
        selector.metric, steps_ms[:visible], [(labels, v[:visible]) for labels, v in found]
    )


def _range_of(parameters: Mapping[str, str]) -> _Range:
    start_ms = _parameter(parameters, "start", _milliseconds)
    end_ms = _parameter(parameters, "end", _milliseconds)
    if end_ms < start_ms:
        raise InputError('invalid parameter "end": end timestamp must not be before start time')
    step_ms = _parameter(parameters, "step", _duration_ms)
    if step_ms <= 0:
        raise InputError(
            'invalid parameter "step": zero or negative query resolution step widths are not '
            "accepted. Try a positive integer"
        )
    if (end_ms - start_ms) // step_ms > _MAX_STEPS:
        raise InputError(
            "exceeded maximum resolution of 11,000 points per timeseries. "
            "Try decreasing the query resolution (?step=XX)"
        )
    return _Range(start_ms=start_ms, end_ms=end_ms, step_ms=step_ms)


class _Parse(Protocol):
    def __call__(self, text: str) -> int: ...


def _parameter(parameters: Mapping[str, str], name: str, parse: _Parse) -> int:
    try:
        return parse(parameters.get(name, ""))
    except InputError as error:
        raise InputError(f'invalid parameter "{name}": {error}') from error


def _milliseconds(text: str) -> int:
    """Return epoch milliseconds of epoch seconds or an RFC 3339 time."""
    if _NUMBER.fullmatch(text):
        return round(float(text) * 1000)
    if _RFC3339.fullmatch(text):
        try:
            return round(datetime.fromisoformat(text).timestamp() * 1000)
        except ValueError as error:
            raise InputError(f'cannot parse "{text}" to a valid timestamp') from error
    raise InputError(f'cannot parse "{text}" to a valid timestamp')


def _duration_ms(text: str) -> int:
    """Return milliseconds of seconds or of a duration such as 1h30m."""
    if _NUMBER.fullmatch(text):
        return round(float(text) * 1000)
    units = _DURATION.fullmatch(text)
    if not text or units is None:
        raise InputError(f'cannot parse "{text}" to a valid duration')
    pairs = zip(units.groups(), _UNIT_SECONDS, strict=True)
    return round(1000 * sum(int(count) * seconds for count, seconds in pairs if count))
