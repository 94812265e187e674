"""Against Debian's Prometheus on loopback, scraping an exporter of this process."""

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import httpx
import numpy as np
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from aiops.domain.errors import SourceError
from aiops.ingest.prometheus import PrometheusSource
from aiops.settings import PrometheusSettings, SignalSettings

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("prometheus")]

ERROR_RATIO = SignalSettings(
    name="error_ratio",
    query='sum by (service, region) (rate(http_requests_total{code="500"}[5s]))'
    " / sum by (service, region) (rate(http_requests_total[5s]))",
    unit="1",
)
QUEUE = SignalSettings(name="queue_length", query="queue_length", labels=("queue",))
NOTHING = SignalSettings(name="nothing", query="queue_length / 0 * 0")
P95 = SignalSettings(
    name="latency_p95_seconds",
    query="histogram_quantile(0.95, "
    "sum by (service, le) (rate(http_request_duration_seconds_bucket[5s])))",
)


@dataclass
class Exporter:
    """What the scraped service counts."""

    requests: Counter
    seconds: Histogram

    def work(self) -> None:
        for code, count in (("200", 9), ("500", 1)):
            self.requests.labels(region="EU", code=code).inc(count)
        self.seconds.observe(0.2)


@pytest.fixture(scope="module")
def exporter() -> Iterator[tuple[Exporter, int]]:
    registry = CollectorRegistry()
    requests = Counter("http_requests", "seen", ["region", "code"], registry=registry)
    seconds = Histogram("http_request_duration_seconds", "took", registry=registry)
    Gauge("queue_length", "waiting", ["queue"], registry=registry).labels(queue="mail").set(7)
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry)
    yield Exporter(requests, seconds), server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def prometheus(
    exporter: tuple[Exporter, int],
    require_program: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("prometheus")
    config = folder / "prometheus.yml"
    config.write_text(
        dedent(f"""\
            global: {{scrape_interval: 1s, scrape_timeout: 1s}}
            scrape_configs:
              - job_name: scraped
                static_configs:
                  - targets: ["127.0.0.1:{exporter[1]}"]
                    labels: {{service: checkout}}
            """)
    )
    port = _free_port()
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [
                require_program("prometheus"),
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_ready(url, process)
            yield url
        finally:
            process.terminate()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(150):
        assert process.poll() is None, "prometheus ended"
        try:
            if httpx.get(f"{url}/-/ready", trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail("prometheus was not ready after 15 s")


def source(url: str, *signals: SignalSettings) -> PrometheusSource:
    return PrometheusSource(PrometheusSettings(name="prom", url=url, signals=signals))


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def test_signals_of_a_real_service_arrive_with_their_values(
    prometheus: str, exporter: tuple[Exporter, int]
) -> None:
    prom = source(prometheus, ERROR_RATIO, P95, QUEUE, NOTHING)
    values: dict[str, float] = {}
    for _ in range(100):
        exporter[0].work()
        time.sleep(0.1)
        samples = prom.pull(now(), now(), 1)
        values = {one.series.key.fingerprint: float(one.values[0]) for one in samples}
        if len(values) == 4 and np.isfinite(values["checkout:error_ratio{env=prod,region=EU}"]):
            break
    prom.close()
    assert values == pytest.approx(
        {
            "checkout:error_ratio{env=prod,region=EU}": 0.1,
            "checkout:latency_p95_seconds{env=prod}": 0.25,
            "checkout:queue_length{env=prod,queue=mail}": 7.0,
            "checkout:nothing{env=prod}": np.nan,
        },
        rel=0.2,
        nan_ok=True,
    )


def test_a_range_has_every_step_and_no_value_before_the_first_scrape(prometheus: str) -> None:
    prom = source(prometheus, QUEUE)
    while not prom.pull(now(), now(), 1):
        time.sleep(0.2)
    end = now()
    (sample,) = prom.pull(end - timedelta(hours=6), end, 1)
    (instant,) = prom.pull(end, end, 1)
    prom.close()
    assert sample.values.shape == (6 * 3600 + 1,)
    assert np.isnan(sample.values[:3600]).all()
    assert sample.values[-1] == instant.values[0] == 7.0
    assert sample.series == instant.series


def test_its_own_words_are_passed_on(prometheus: str) -> None:
    broken = SignalSettings(name="broken", query="sum(")
    prom = source(prometheus, broken)
    with pytest.raises(SourceError, match=r"signal 'broken'.*400.*bad_data.*parse error"):
        prom.pull(now(), now(), 60)
    prom.close()


def test_a_long_query_is_taken_too(prometheus: str) -> None:
    query = "vector(1)" + " + vector(0)" * 300
    prom = source(prometheus, SignalSettings(name="one", query=query, service="shop"))
    (sample,) = prom.pull(now(), now(), 60)
    prom.close()
    assert sample.values.tolist() == [1.0]


def test_its_clock_is_this_machine_s(prometheus: str) -> None:
    prom = source(prometheus, QUEUE)
    theirs = prom.now()
    prom.close()
    assert theirs is not None
    assert abs(theirs - now()) < timedelta(seconds=5)
