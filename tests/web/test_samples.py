"""The doors that samples are pushed to: who may, what they are answered, what is refused."""

import asyncio
import gzip
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol

import httpx
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from pydantic import SecretStr

from aiops.domain.errors import AiopsError, BusyError, InputError, StoreError
from aiops.ingest.catalog import Pushed
from aiops.settings import PushedSourceSettings
from tests.pushed import remote_write, source

PROM = source(name="prom", tokens=(SecretStr("t1"),), token_env="AIOPS_T1")
OTEL = source(name="otel", kind="otlp_metrics", tokens=(SecretStr("t2"),), token_env="AIOPS_T2")
BODY = remote_write([({"__name__": "up", "job": "a"}, 60_000, 1.0)])
PROTOBUF = {"content-type": "application/x-protobuf"}
WRITE = {**PROTOBUF, "content-encoding": "snappy", "authorization": "Bearer t1"}
EXPORT = {**PROTOBUF, "authorization": "Bearer t2"}


@dataclass
class Taker:
    """Takes samples, or fails as it is told."""

    error: AiopsError | None = None
    refused: Mapping[str, int] = field(default_factory=dict)
    samples: int = 0
    taken: list[tuple[str, bytes, str]] = field(default_factory=list)

    def __call__(
        self, source: PushedSourceSettings, body: bytes, content_type: str
    ) -> tuple["Future[None]", Pushed]:
        if isinstance(self.error, InputError | BusyError):
            raise self.error
        done: Future[None] = Future()
        if self.error is not None:
            done.set_exception(self.error)
        else:
            done.set_result(None)
            self.taken.append((source.name, body, content_type))
        return done, Pushed(blocks=(), samples=self.samples, refused=self.refused)


class Site(Protocol):
    open: Callable[..., Any]


def post(
    site: Site,
    taker: Taker,
    path: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    sources: tuple[PushedSourceSettings, ...] = (PROM, OTEL),
) -> httpx.Response:
    browser = site.open(pushed_sources=sources, take_samples=taker)
    answer: httpx.Response = browser.post(path, content=body, headers=headers)
    return answer


def test_prometheus_is_answered_once_its_samples_are_durable(site: Site) -> None:
    taker = Taker()
    for path in ("/ingest/remote_write", "/ingest/remote_write/prom"):
        assert post(site, taker, path, BODY, WRITE).status_code == 204
    assert taker.taken == [("prom", BODY, "application/x-protobuf")] * 2


@pytest.mark.parametrize("authorization", ["", "Bearer t2", "Bearer x", "Basic t1"])
def test_another_token_than_the_sources_own_takes_nothing(site: Site, authorization: str) -> None:
    taker = Taker()
    headers = {**WRITE, "authorization": authorization}
    assert post(site, taker, "/ingest/remote_write", BODY, headers).status_code == 401
    assert (
        post(site, taker, "/v1/metrics", b"", {**EXPORT, "authorization": "x"}).status_code == 401
    )
    assert not taker.taken


def test_an_unknown_source_is_named(site: Site) -> None:
    assert post(site, Taker(), "/ingest/remote_write/x", BODY, WRITE).status_code == 404
    answer = post(site, Taker(), "/v1/metrics", b"", EXPORT, sources=(PROM,))
    assert answer.status_code == 404
    assert "aiops help source otlp_metrics" in Status.FromString(answer.content).message


@pytest.mark.parametrize(
    ("error", "code"),
    [(InputError("no"), 400), (BusyError("full"), 429), (StoreError("locked"), 503)],
)
def test_only_what_can_never_be_read_is_dropped(site: Site, error: AiopsError, code: int) -> None:
    for path, headers in (("/ingest/remote_write", WRITE), ("/v1/metrics", EXPORT)):
        answer = post(site, Taker(error), path, BODY, headers)
        assert answer.status_code == code
        assert ("retry-after" in answer.headers) is (code != 400)


def test_whoever_brings_more_than_is_held_at_once_is_told_to_come_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiops.web.samples.MOST_HELD_BYTES", 1.5 * len(BODY))
    kept: Future[None] = Future()
    begun = Event()

    def take(*_: object) -> tuple["Future[None]", Pushed]:
        begun.set()
        return kept, Pushed(blocks=(), samples=1)

    app = site.open(pushed_sources=(PROM,), take_samples=take).app

    async def send() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:

            async def write() -> httpx.Response:
                return await client.post("/ingest/remote_write", content=BODY, headers=WRITE)

            first = asyncio.create_task(write())
            while not begun.is_set():
                await asyncio.sleep(0.01)
            second = await write()
            kept.set_result(None)
            return [await first, second, await write()]

    first, second, third = asyncio.run(send())
    assert [first.status_code, second.status_code, third.status_code] == [204, 429, 204]
    assert "retry-after" in second.headers


@pytest.mark.parametrize(
    "kind",
    ["application/x-protobuf;proto=io.prometheus.write.v3.Request", "application/json", "text/x"],
)
def test_another_version_of_remote_write_is_told_to_fall_back(site: Site, kind: str) -> None:
    answer = post(site, Taker(), "/ingest/remote_write", BODY, {**WRITE, "content-type": kind})
    assert answer.status_code == 415


def test_the_first_version_may_be_named(site: Site) -> None:
    kind = "application/x-protobuf;proto=prometheus.WriteRequest"
    answer = post(site, Taker(), "/ingest/remote_write", BODY, {**WRITE, "content-type": kind})
    assert answer.status_code == 204


SECOND = {**WRITE, "content-type": "application/x-protobuf; proto=io.prometheus.write.v2.Request"}


def written(answer: httpx.Response) -> list[str | None]:
    kinds = ("Samples", "Histograms", "Exemplars")
    return [answer.headers.get(f"X-Prometheus-Remote-Write-{one}-Written") for one in kinds]


def test_a_sender_of_the_second_version_hears_how_much_was_written(site: Site) -> None:
    taker = Taker(samples=7)
    answer = post(site, taker, "/ingest/remote_write", BODY, SECOND)
    assert (answer.status_code, answer.content) == (204, b"")
    assert written(answer) == ["7", "0", "0"]
    assert taker.taken == [("prom", BODY, SECOND["content-type"].replace(" ", ""))]


def test_a_sender_of_the_second_version_hears_what_was_not_written(site: Site) -> None:
    taker = Taker(samples=7, refused={"native histograms are not taken": 2})
    answer = post(site, taker, "/ingest/remote_write", BODY, SECOND)
    assert (answer.status_code, written(answer)) == (400, ["5", "0", "0"])
    assert answer.text == "not taken: 2: native histograms are not taken\n"
    assert taker.taken


def test_a_body_that_cannot_be_read_has_nothing_written(site: Site) -> None:
    answer = post(site, Taker(InputError("no")), "/ingest/remote_write", BODY, SECOND)
    assert (answer.status_code, written(answer)) == (400, [None] * 3)


def test_bodies_that_are_too_long_are_refused(site: Site) -> None:
    long = b"\0" * (8 * 1024 * 1024 + 1)
    for path, headers in (("/ingest/remote_write", WRITE), ("/v1/metrics", EXPORT)):
        assert post(site, Taker(), path, long, headers).status_code == 413


def test_a_bomb_is_refused_before_it_goes_off(site: Site) -> None:
    bomb = gzip.compress(b"\0" * (33 * 1024 * 1024))
    headers = {**EXPORT, "content-encoding": "gzip"}
    assert post(site, Taker(), "/v1/metrics", bomb, headers).status_code == 413


def test_an_exporter_hears_what_was_not_taken_in_its_own_encoding(site: Site) -> None:
    taker = Taker(refused={"too old": 3})
    answer = post(
        site, taker, "/v1/metrics", gzip.compress(b"abc"), {**EXPORT, "content-encoding": "gzip"}
    )
    told = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, told.rejected_data_points) == (200, 3)
    assert told.error_message == "3: too old"
    json = {"content-type": "application/json", "authorization": "Bearer t2"}
    answer = post(site, taker, "/ingest/otlp_metrics/otel", b"{}", json)
    assert answer.json() == {
        "partialSuccess": {"rejectedDataPoints": "3", "errorMessage": "3: too old"}
    }
    assert [body for _, body, _ in taker.taken] == [b"abc", b"{}"]


def test_an_exporter_that_was_taken_whole_hears_nothing_more(site: Site) -> None:
    answer = post(site, Taker(), "/v1/metrics", b"", EXPORT)
    assert (answer.status_code, answer.content) == (200, b"")


def test_without_sources_that_push_nothing_is_taken(site: Site) -> None:
    answer = site.open().post("/ingest/remote_write", content=BODY, headers=WRITE)
    assert answer.status_code == 404


def test_a_sender_that_nobody_answers_in_time_is_told_to_come_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiops.web.samples.COMMIT_SECONDS", 0.05)

    class Never(Taker):
        def __call__(self, *_: object, **__: object) -> tuple["Future[None]", Pushed]:
            return Future(), Pushed(blocks=(), samples=1)

    answer = post(site, Never(), "/ingest/remote_write", BODY, WRITE)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_nothing_stands_below_the_address_that_exporters_know(site: Site) -> None:
    assert post(site, Taker(), "/v1/metrics/otel", b"", EXPORT).status_code == 404
