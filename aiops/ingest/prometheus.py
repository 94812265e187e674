"""Pull metrics from a Prometheus, or from anything that answers its HTTP API.

Source: https://prometheus.io/docs/prometheus/2.42/querying/api/
"""

import logging
import ssl
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import cached_property

import httpx
import numpy as np

from aiops.domain.errors import InputError, SourceError
from aiops.domain.journeys import Kpi
from aiops.domain.pulled import Sample, together
from aiops.domain.series import DEFAULT_ENV
from aiops.domain.ticks import Floats
from aiops.domain.time import utc
from aiops.ingest.prometheus_answer import Measured, error_text, parse_matrix, parse_vector
from aiops.ingest.prometheus_series import Named, Naming
from aiops.settings import PrometheusSettings, SignalSettings

MAX_POINTS = 10_000
"""Points of one series in one request; Prometheus refuses more than 11,000."""

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""A larger answer is not read; a range is halved and asked for again."""

MAX_ANSWER_SECONDS = 25
"""An answer that takes longer to arrive is given up, however steadily it drips."""

LONGEST_GET = 1_500
"""A query of more characters is posted, because proxies cut long addresses."""

logger = logging.getLogger(__name__)


class AnswerTooLargeError(SourceError):
    """An answer was larger than we read."""


class QueryRefusedError(SourceError):
    """Prometheus is there and well, and refused this one query."""


class PrometheusSource:
    """Asks a Prometheus for every declared signal; implements `aiops.ports.Source`.

    A query that Prometheus refuses costs its own signal only: its series are missing, which makes
    them a telemetry gap. Why, and why single series are left out, is logged once and kept in
    `complaints` (by signal, of the last pull). Anything else that goes wrong fails the pull as a
    whole. Nothing is tried twice; that is the caller's.

    Args:
        settings: of this source.
        kpis: the declared KPIs, for the signals that carry one.
        default_env: the environment of series that name none.
        timeout_seconds: for one request.
        max_answer_bytes: how much of one answer is read, decompressed.
        transport: another way to the server, for tests.
    """

    def __init__(
        self,
        settings: PrometheusSettings,
        *,
        kpis: tuple[Kpi, ...] = (),
        default_env: str = DEFAULT_ENV,
        timeout_seconds: float = 10.0,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.name = settings.name
        self.step_seconds = settings.step_seconds
        self.delay_seconds = settings.delay_seconds
        self.complaints: Mapping[str, str] = {}
        self._settings = settings
        self._naming = Naming(source=settings, kpis=kpis, default_env=default_env)
        self._timeout_seconds = timeout_seconds
        self._max_answer_bytes = max_answer_bytes
        self._transport = transport

    def pull(self, start: datetime, end: datetime, step_seconds: int) -> Sequence[Sample]:
        """Return every declared series at start, start + step … end (inclusive).

        Args:
            start: aware UTC, whole seconds.
            end: aware UTC, not before `start`.
            step_seconds: distance between two instants, above 0.

        Returns:
            Signals in the order of the settings, the series of each by fingerprint. NaN where
            Prometheus has no value, or one that is not finite.

        Raises:
            SourceError: no answer, an answer that is none, or no signal that could be asked;
                says which signal and address, and what to do.
            ValueError: the interval is none.
        """
        if end < start or step_seconds <= 0:
            raise ValueError(f"expected start <= end and a step above 0: {start}, {end}")
        count = int((end - start) / timedelta(seconds=step_seconds)) + 1
        samples: list[Sequence[Sample]] = []
        names: dict[str, list[str]] = defaultdict(list)
        refused: dict[str, str] = {}
        left_out: dict[str, str] = {}
        for signal in self._settings.signals:
            name = f"{signal.name}: {signal.query}"
            try:
                found = self._ask_for(signal, int(start.timestamp()), step_seconds, count)
                if signal.name in names:
                    _require_new(found.names, names[signal.name], self._place(signal))
            except QueryRefusedError as error:
                refused[name] = str(error)
                continue
            if found.left_out:
                left_out[name] = f"{self._place(signal)}: {found.left_out}"
            names[signal.name] += found.names
            samples.append(found.samples)
        self._complain({**refused, **left_out})
        if refused and len(refused) == len(self._settings.signals):
            raise SourceError("\n".join(refused.values()))
        return together(samples)

    def now(self) -> datetime | None:
        """Return what time its clock says it is; None where it does not know `time()`.

        Raises:
            SourceError: no answer.
        """
        try:
            said = parse_vector(self._ask("time()", f"source {self.name!r}", "query", {}))
            (seconds,) = said.values.tolist()
            return utc(seconds)
        except (InputError, QueryRefusedError, ValueError) as error:
            logger.info("The clock of source %s is not known: %s", self.name, error)
            return None

    def close(self) -> None:
        """Close the connections; the next pull opens them again."""
        if "_client" in self.__dict__:
            self._client.close()
            del self.__dict__["_client"]

    @cached_property
    def _client(self) -> httpx.Client:
        """The connections, made on first use because workers fork.

        Proxies and certificates named by the environment are not taken: what reaches this process
        comes from settings. TLS trusts what the system trusts.
        """
        token = self._settings.bearer_token
        is_tls = self._settings.url.startswith("https:")
        return httpx.Client(
            headers={"Authorization": f"Bearer {token.get_secret_value()}"} if token else {},
            timeout=self._timeout_seconds,
            follow_redirects=False,
            trust_env=False,
            verify=ssl.create_default_context() if is_tls else False,
            transport=self._transport,
        )

    def _complain(self, complaints: Mapping[str, str]) -> None:
        """Keep why something is missing; log what is new."""
        for name, reason in complaints.items():
            if name not in self.complaints:
                logger.warning("Something is missing: %s", reason)
        self.complaints = complaints

    def _ask_for(self, signal: SignalSettings, start: int, step_seconds: int, count: int) -> Named:
        try:
            if count == 1:
                at = {"time": str(start)}
                body = self._ask(signal.query, self._place(signal), "query", at)
                return self._naming.name_all(signal, parse_vector(body))
            parts = [
                part
                for first in range(0, count, MAX_POINTS)
                for part in self._range(
                    signal, start, step_seconds, first, min(MAX_POINTS, count - first)
                )
            ]
            return self._naming.name(signal, _joined(parts, count))
        except InputError as error:
            raise QueryRefusedError(f"{self._place(signal)}: {error}") from error

    def _range(
        self, signal: SignalSettings, start: int, step_seconds: int, first: int, count: int
    ) -> list[tuple[int, Measured]]:
        """Return the series at `count` steps from the `first` on, each with where it begins."""
        begin = start + first * step_seconds
        end = begin + (count - 1) * step_seconds
        try:
            body = self._ask(
                signal.query,
                self._place(signal),
                "query_range",
                {"start": str(begin), "end": str(end), "step": str(step_seconds)},
            )
        except AnswerTooLargeError:
            if count == 1:
                raise
            half = count // 2
            return [
                *self._range(signal, start, step_seconds, first, half),
                *self._range(signal, start, step_seconds, first + half, count - half),
            ]
        return [(first, measured) for measured in parse_matrix(body, begin, step_seconds, count)]

    def _ask(self, query: str, place: str, what: str, parameters: Mapping[str, str]) -> bytes:
        """Return the body of a successful answer."""
        url = f"{self._settings.url}/api/v1/{what}"
        data = {"query": query, **parameters}
        try:
            if len(query) > LONGEST_GET:
                request = self._client.build_request("POST", url, data=data)
            else:
                request = self._client.build_request("GET", url, params=data)
            with closing(self._client.send(request, stream=True)) as response:
                body = self._read(response, place)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise SourceError(
                f"{place}: {self._settings.url} gave no answer ({reason}); "
                f"is it running, and is `sources.{self.name}.url` right?"
            ) from error
        if response.status_code == httpx.codes.OK:
            return body
        raise self._failure(response, body, f"{place}: {url}")

    def _read(self, response: httpx.Response, place: str) -> bytes:
        parts, size = [], 0
        deadline = time.monotonic() + MAX_ANSWER_SECONDS
        for part in response.iter_bytes():
            size += len(part)
            if time.monotonic() > deadline:
                raise SourceError(
                    f"{place}: the answer was not complete after {MAX_ANSWER_SECONDS} seconds; "
                    "aggregate the query to fewer series, or look at that server's load"
                )
            if size > self._max_answer_bytes:
                raise AnswerTooLargeError(
                    f"{place}: the answer is larger than {self._max_answer_bytes:,} bytes; "
                    "aggregate the query to fewer series"
                )
            parts.append(part)
        return b"".join(parts)

    def _failure(self, response: httpx.Response, body: bytes, place: str) -> SourceError:
        status = response.status_code
        answered = f"{place} answered {status}: {error_text(body)}"
        if status in (400, 422):
            return QueryRefusedError(f"{answered}; correct the query of this signal")
        if response.has_redirect_location:
            return SourceError(
                f"{place} answered {status}, a redirect, which is not followed; "
                f"write the final address in `sources.{self.name}.url`"
            )
        hints = {
            401: f"name a variable with a token in `sources.{self.name}.bearer_token_env`",
            403: f"check the token that `sources.{self.name}.bearer_token_env` names",
            404: f"there is no Prometheus API; `sources.{self.name}.url` ends before /api/v1",
        }
        return SourceError(f"{answered}; {hints.get(status, 'look into the log of that server')}")

    def _place(self, signal: SignalSettings) -> str:
        return f"source {self.name!r}, signal {signal.name!r}"


def _joined(parts: Sequence[tuple[int, Measured]], count: int) -> list[Measured]:
    """Return the chunks of each series as one column; NaN where a chunk does not have it."""
    if all(len(part.values) == count for _, part in parts):
        return [part for _, part in parts]
    columns: dict[tuple[tuple[str, str], ...], tuple[Measured, Floats]] = {}
    for first, part in parts:
        identity = tuple(sorted(part.labels.items()))
        _, column = columns.setdefault(identity, (part, np.full(count, np.nan)))
        column[first : first + len(part.values)] = part.values
    return [Measured(labels=part.labels, values=values) for part, values in columns.values()]


def _require_new(found: Sequence[str], known: Collection[str], place: str) -> None:
    """Refuse a signal whose series another signal of the same name has given already."""
    if again := {*found} & {*known}:
        raise QueryRefusedError(
            f"{place}: another signal of this name gives {min(again)} too; "
            "expected each series once: rename one, or narrow its query"
        )
