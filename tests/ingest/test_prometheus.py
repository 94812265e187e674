from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import numpy as np
import orjson
import pytest
from pydantic import SecretStr

from aiops.domain.errors import SourceError
from aiops.domain.journeys import Kpi
from aiops.domain.labels import LabelRule
from aiops.domain.pulled import Sample
from aiops.domain.series import Direction, Family
from aiops.ingest.prometheus import PrometheusSource
from aiops.ingest.prometheus_answer import Measured
from aiops.ingest.prometheus_series import Naming
from aiops.receivers.prometheus import create_app
from aiops.receivers.server import serve
from aiops.settings import LabelSettings, PrometheusSettings, SignalSettings

START = datetime(2026, 4, 18, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ERRORS = SignalSettings(name="error_ratio", query="errors")
LATENCY = SignalSettings(name="latency_p95_seconds", query="latency", unit="s")

Answer = Callable[[dict[str, str]], httpx.Response]


def success(kind: str, result: Any) -> httpx.Response:
    body = {"status": "success", "data": {"resultType": kind, "result": result}}
    return httpx.Response(200, content=orjson.dumps(body))


def vector(*labels: dict[str, str], value: str = "1") -> httpx.Response:
    return success("vector", [{"metric": one, "value": [0, value]} for one in labels])


def failure(status: int, error: str) -> httpx.Response:
    body = {"status": "error", "errorType": "bad_data", "error": error}
    return httpx.Response(status, content=orjson.dumps(body))


def count_up(asked: dict[str, str]) -> httpx.Response:
    """Answer a range with the number of the minute, as a Prometheus with one series would."""
    start, end, step = (int(asked[name]) for name in ("start", "end", "step"))
    pairs = [[at, str(at // 60 % 100_000)] for at in range(start, end + 1, step)]
    return success("matrix", [{"metric": {"job": "shop"}, "values": pairs}])


def source(
    answer: Answer,
    *signals: SignalSettings,
    kpis: tuple[Kpi, ...] = (),
    labels: LabelSettings | None = None,
    token: str | None = None,
    max_answer_bytes: int = 1_000_000,
    zones: dict[str, str] | None = None,
) -> PrometheusSource:
    def handle(request: httpx.Request) -> httpx.Response:
        text = request.content.decode() if request.method == "POST" else request.url.query.decode()
        asked = {name: found[0] for name, found in parse_qs(text).items()}
        asked |= {"path": request.url.path, "method": request.method}
        asked["authorization"] = request.headers.get("authorization", "")
        return answer(asked)

    return PrometheusSource(
        PrometheusSettings(
            name="prom",
            url="http://127.0.0.1:9090",
            signals=signals or (ERRORS,),
            labels=labels or LabelSettings(),
            zone="Europe/Berlin",
            zones=zones or {},
            bearer_token=SecretStr(token) if token else None,
        ),
        kpis=kpis,
        max_answer_bytes=max_answer_bytes,
        transport=httpx.MockTransport(handle),
    )


def pull_one(*args: Any, **kwargs: Any) -> Sample:
    (sample,) = source(*args, **kwargs).pull(START, START, 60)
    return sample


def complaint(answer: Answer, *signals: SignalSettings) -> str:
    with pytest.raises(SourceError) as caught:
        source(answer, *signals).pull(START, START, 60)
    return str(caught.value)


def test_labels_are_brought_into_one_form_before_they_are_read() -> None:
    rules = (
        LabelRule(name="n0", rename={"app": "service"}),
        LabelRule(name="n1", where={"service": "sandbox-*"}, ignore=True),
    )
    prom = PrometheusSettings(name="prom", url="http://a", normalize=rules)
    naming = Naming(source=prom, kpis=(), default_env="prod")
    answer = [Measured(labels={"app": one}, values=np.ones(1)) for one in ("shop", "sandbox-1")]
    found = naming.name(ERRORS, answer)
    assert [one.series.key.service for one in found.samples] == ["shop"]
    assert not found.left_out


def test_one_instant_is_one_instant_query() -> None:
    asked: list[dict[str, str]] = []

    def answer(question: dict[str, str]) -> httpx.Response:
        asked.append(question)
        return vector({"job": "shop"}, value="0.25")

    sample = pull_one(answer, token="t-1")
    assert sample.values.tolist() == [0.25]
    assert asked == [
        {
            "path": "/api/v1/query",
            "method": "GET",
            "query": "errors",
            "time": "1776506400",
            "authorization": "Bearer t-1",
        }
    ]


def test_its_clock_is_asked_for() -> None:
    asked: list[dict[str, str]] = []

    def answer(question: dict[str, str]) -> httpx.Response:
        asked.append(question)
        data = {"resultType": "scalar", "result": [1776506400.5, "1776506400.5"]}
        return httpx.Response(200, json={"status": "success", "data": data})

    assert source(answer).now() == START + timedelta(seconds=0.5)
    assert asked[0]["query"] == "time()"
    assert "time" not in asked[0]


def test_a_server_that_knows_no_clock_tells_no_time() -> None:
    refused = {"status": "error", "errorType": "bad_data", "error": "unknown function"}
    assert source(lambda _: httpx.Response(400, json=refused)).now() is None


def test_a_long_query_is_posted_as_a_form() -> None:
    query = "sum(x) + " * 400 + "1"

    def answer(asked: dict[str, str]) -> httpx.Response:
        assert (asked["method"], asked["query"]) == ("POST", query)
        return vector({"job": "shop"})

    assert pull_one(answer, SignalSettings(name="x", query=query)).values.tolist() == [1.0]


def test_a_range_is_chunked_below_what_prometheus_allows() -> None:
    points: list[int] = []

    def answer(asked: dict[str, str]) -> httpx.Response:
        points.append((int(asked["end"]) - int(asked["start"])) // int(asked["step"]) + 1)
        return count_up(asked)

    (sample,) = source(answer, max_answer_bytes=10**7).pull(START, START + 24_999 * MINUTE, 60)
    first = int(START.timestamp()) // 60
    assert points == [10_000, 10_000, 5_000]
    assert sample.values.tolist() == [(first + n) % 100_000 for n in range(25_000)]


def test_a_range_too_large_to_read_is_asked_for_in_halves() -> None:
    (sample,) = source(count_up, max_answer_bytes=5_000).pull(START, START + 999 * MINUTE, 60)
    first = int(START.timestamp()) // 60
    assert sample.values.tolist() == [(first + n) % 100_000 for n in range(1_000)]


def test_an_answer_that_is_too_large_for_one_instant_is_refused() -> None:
    with pytest.raises(SourceError, match=r"'error_ratio'.*larger than 10 bytes; aggregate"):
        source(lambda _: vector({"job": "a"}), max_answer_bytes=10).pull(START, START, 60)


def test_a_series_that_appears_between_chunks_has_no_values_before() -> None:
    def answer(asked: dict[str, str]) -> httpx.Response:
        start = int(asked["start"])
        late = start > START.timestamp()
        return success("matrix", [{"metric": {"job": "shop"}, "values": [[start, "7"]]}] * late)

    (sample,) = source(answer).pull(START, START + 10_000 * MINUTE, 60)
    assert np.isnan(sample.values[:10_000]).all()
    assert sample.values[10_000] == 7.0


def test_labels_say_whose_a_series_is_where_and_for_whom() -> None:
    labels = {
        "job": "scraper",
        "service": "checkout",
        "environment": "staging",
        "region": "EU",
        "segment": "",
        "peer": "bank",
        "instance": "10.0.0.1",
    }
    signal = SignalSettings(name="error_ratio", query="x", labels=("peer", "absent"))
    key = pull_one(lambda _: vector(labels), signal).series.key
    assert key.fingerprint == "checkout:error_ratio{env=staging,region=EU,peer=bank}"
    assert key.segment is None


def test_a_series_follows_the_clock_of_its_region_else_of_its_source() -> None:
    zones = {"US": "America/New_York"}
    found = {
        region: pull_one(lambda _, at=region: vector({"job": "a", "region": at}), zones=zones)
        for region in ("US", "EU", "")
    }
    assert {region: sample.series.zone for region, sample in found.items()} == {
        "US": "America/New_York",
        "EU": "Europe/Berlin",
        "": "Europe/Berlin",
    }


def test_a_series_that_names_no_environment_has_the_default_one() -> None:
    assert pull_one(lambda _: vector({"job": "shop"})).series.key.env == "prod"


def test_the_name_tells_what_a_signal_speaks_of() -> None:
    series = pull_one(lambda _: vector({"job": "shop"}), LATENCY).series
    assert (series.family, series.bad_direction, series.unit) == (Family.LATENCY, Direction.UP, "s")
    assert (series.title, series.source) == ("p95 latency", "prom")


def test_what_is_declared_counts_before_what_the_name_tells() -> None:
    signal = SignalSettings(
        name="error_ratio",
        query="x",
        family=Family.SATURATION,
        unit="%",
        title="budget",
        bad_direction=Direction.DOWN,
    )
    series = pull_one(lambda _: vector({"job": "shop"}), signal).series
    assert (series.family, series.unit, series.title) == (Family.SATURATION, "%", "budget")
    assert series.bad_direction is Direction.DOWN


def test_a_declared_family_brings_its_own_bad_direction() -> None:
    signal = SignalSettings(name="success_ratio", query="x", family=Family.ERRORS)
    series = pull_one(lambda _: vector({"job": "shop"}), signal).series
    assert series.bad_direction is Direction.UP


def test_a_kpi_lends_its_unit_direction_and_service() -> None:
    kpi = Kpi(name="revenue per minute", metric="paid", service="checkout", unit="EUR")
    signal = SignalSettings(name="paid", query="sum(paid)")
    series = pull_one(lambda _: vector({}), signal, kpis=(kpi,)).series
    assert (series.key.service, series.family, series.unit) == ("checkout", Family.KPI, "EUR")
    assert (series.kpi, series.bad_direction) == ("revenue per minute", Direction.DOWN)


def test_a_metric_of_another_service_is_not_the_kpi() -> None:
    kpi = Kpi(name="orders", metric="orders", service="checkout")
    signal = SignalSettings(name="orders", query="x")
    assert pull_one(lambda _: vector({"job": "mail"}), signal, kpis=(kpi,)).series.kpi is None


def test_a_total_belongs_to_the_service_its_signal_names() -> None:
    signal = SignalSettings(name="orders", query="sum(orders)", service="shop")
    assert pull_one(lambda _: vector({}), signal).series.key.service == "shop"


def test_samples_come_in_the_order_of_signals_then_fingerprints() -> None:
    def answer(_: dict[str, str]) -> httpx.Response:
        return vector({"job": "b"}, {"job": "a"})

    names = [
        sample.series.key.fingerprint
        for sample in source(answer, LATENCY, ERRORS).pull(START, START, 60)
    ]
    assert names == [
        f"{job}:{metric}{{env=prod}}"
        for metric in ("latency_p95_seconds", "error_ratio")
        for job in "ab"
    ]


def test_whatever_order_they_come_in_each_series_has_its_own_value() -> None:
    told = [
        {"a": "1", "b": "2"},
        {"a": "1", "b": "2"},
        {"b": "3", "a": "4"},
        {"b": "5", "c": "6", "a": "7"},
        {"c": "8", "a": "+Inf"},
        {"": "0", "c": "9"},
        {"c": "1", "": "0"},
    ]
    answers = iter(told)

    def answer(_: dict[str, str]) -> httpx.Response:
        found = [({"job": job} if job else {}, text) for job, text in next(answers).items()]
        return success("vector", [{"metric": one, "value": [0, text]} for one, text in found])

    prom = source(answer)
    for expected in told:
        pulled = prom.pull(START, START, 60)
        found = {one.series.key.service: one.values.tolist() for one in pulled}
        usable = {job: [float(text)] for job, text in expected.items() if job and text != "+Inf"}
        assert {job: one for job, one in found.items() if not np.isnan(one).any()} == usable
        assert ("say nowhere" in "".join(prom.complaints.values())) == ("" in expected)
        assert ("infinite values of a:" in "".join(prom.complaints.values())) == (
            "+Inf" in expected.values()
        )


def test_what_is_told_of_a_series_without_an_owner_is_of_this_answer() -> None:
    codes = iter(["500", "503"])
    prom = source(lambda _: vector({"job": "shop"}, {"code": next(codes)}))
    for code in ("500", "503"):
        prom.pull(START, START, 60)
        assert f"code='{code}'" in next(iter(prom.complaints.values()))


def test_a_refused_query_costs_its_own_signal_only(caplog: pytest.LogCaptureFixture) -> None:
    def answer(asked: dict[str, str]) -> httpx.Response:
        if asked["query"] == "errors":
            return failure(400, "parse error: unclosed left parenthesis")
        return vector({"job": "shop"})

    prom = source(answer, ERRORS, LATENCY)
    for _ in range(2):
        (sample,) = prom.pull(START, START, 60)
        assert sample.series.key.metric == "latency_p95_seconds"
    (reason,) = prom.complaints.values()
    assert "signal 'error_ratio'" in reason
    assert "bad_data: parse error: unclosed left parenthesis; correct the query" in reason
    assert len(caplog.records) == 1


def test_when_every_query_is_refused_there_is_no_answer() -> None:
    message = complaint(lambda _: failure(422, "too many samples"), ERRORS, LATENCY)
    assert "signal 'error_ratio'" in message
    assert "signal 'latency_p95_seconds'" in message
    assert "422: bad_data: too many samples" in message


def test_series_that_cannot_be_told_apart_are_refused() -> None:
    two = vector({"job": "shop", "instance": "1"}, {"job": "shop", "instance": "2"})
    message = complaint(lambda _: two)
    assert "two series become shop:error_ratio{env=prod}; they differ in instance" in message


def test_two_signals_may_share_a_name_but_not_a_series() -> None:
    again = SignalSettings(name="error_ratio", query="others")

    def answer(asked: dict[str, str]) -> httpx.Response:
        return vector({"job": "a" if asked["query"] == "errors" else job})

    job = "b"
    assert len(source(answer, ERRORS, again).pull(START, START, 60)) == 2
    job = "a"
    prom = source(answer, ERRORS, again)
    assert len(prom.pull(START, START, 60)) == 1
    assert "gives a:error_ratio{env=prod} too" in next(iter(prom.complaints.values()))


def test_a_series_without_a_service_is_left_out_and_told_of() -> None:
    prom = source(lambda _: vector({"job": "shop"}, {"code": "500"}))
    assert len(prom.pull(START, START, 60)) == 1
    (reason,) = prom.complaints.values()
    assert "1 series say nowhere whose they are, as {code='500'}" in reason
    assert "say nowhere whose they are" in complaint(lambda _: vector({"code": "500"}))


def test_infinite_values_count_as_missing_and_are_told_of() -> None:
    values = iter(["+Inf", "-Inf", "NaN", "0.2"])

    def answer(_: dict[str, str]) -> httpx.Response:
        result = [{"metric": {"job": "shop"}, "value": [0, next(values)]}]
        return httpx.Response(
            200, json={"status": "success", "data": {"resultType": "vector", "result": result}}
        )

    prom = source(answer)
    for _ in range(2):
        (sample,) = prom.pull(START, START, 60)
        (reason,) = prom.complaints.values()
        assert np.isnan(sample.values).all()
        assert "infinite values of shop:error_ratio{env=prod} count as missing" in reason
    for _ in range(2):
        prom.pull(START, START, 60)
        assert prom.complaints == {}


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (httpx.Response(401), "`sources.prom.bearer_token_env`"),
        (httpx.Response(403, text="no"), "403: no; check the token"),
        (httpx.Response(404, text="not found"), "ends before /api/v1"),
        (httpx.Response(503, text="starting"), "503: starting; look into the log"),
        (httpx.Response(302, headers={"location": "http://evil/"}), "a redirect, which is not fol"),
        (httpx.Response(200, text="<html>"), "the answer is no JSON"),
    ],
)
def test_an_answer_that_is_none_is_told_with_what_to_do(
    response: httpx.Response, expected: str
) -> None:
    message = complaint(lambda _: response)
    assert expected in message
    assert "source 'prom', signal 'error_ratio'" in message


def test_no_answer_at_all_is_told_with_the_address() -> None:
    def answer(_: dict[str, str]) -> httpx.Response:
        raise httpx.ConnectError("[Errno 111] Connection refused")

    message = complaint(answer, ERRORS, LATENCY)
    assert "http://127.0.0.1:9090 gave no answer" in message
    assert "is it running, and is `sources.prom.url` right?" in message
    assert "latency" not in message


def test_an_interval_that_is_none_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="start <= end"):
        source(count_up).pull(START, START - MINUTE, 60)


class Shop:
    """What the loopback Prometheus shows: a count of minutes, with one minute missing."""

    def select(
        self, metric: str, matchers: Any, start: float, end: float, step: float
    ) -> list[tuple[dict[str, str], Any]]:
        times = np.arange(start, end + 0.5, step)
        values = np.where(times == START.timestamp() + 120, np.nan, times / 60 % 1000)
        return [({"job": "shop", "region": region}, values) for region in ("US", "EU")]

    def now(self) -> float:
        return (START + 5 * MINUTE).timestamp()


def test_the_loopback_prometheus_is_understood() -> None:
    with serve(create_app(Shop())) as url:
        settings = PrometheusSettings(name="prom", url=url, signals=(ERRORS,))
        prom = PrometheusSource(settings)
        eu, us = prom.pull(START, START + 7 * MINUTE, 60)
        (eu_now, _) = prom.pull(START, START, 60)
        prom.close()
    assert (eu.series.key.region, us.series.key.region) == ("EU", "US")
    first = START.timestamp() / 60 % 1000
    assert eu.values[[0, 1, 3, 4, 5]].tolist() == [first + n for n in (0, 1, 3, 4, 5)]
    assert np.isnan(eu.values[[2, 6, 7]]).all()
    assert eu_now.values.tolist() == [first]
