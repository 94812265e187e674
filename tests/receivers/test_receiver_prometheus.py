import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.errors import InputError
from aiops.receivers.prometheus import create_app
from aiops.receivers.prometheus_format import format_values
from aiops.receivers.selectors import parse_selector
from aiops.receivers.server import serve

STEP = 60
START = 1_790_000_040
STEPS = 120

Floats = npt.NDArray[np.float64]


class FixedSource:
    """Two hours of a metric in two regions, one value a minute."""

    def __init__(self) -> None:
        random = np.random.default_rng(7)
        eu = random.lognormal(0, 3, STEPS)
        eu[:8] = [0, -0.0, 1e-5, 1e-7, 1e16, 123456789012345680000, 1.5e22, np.inf]
        us = np.round(random.normal(100, 10, STEPS), 2)
        us[[3, 4, 50]] = np.nan
        self.series: list[tuple[dict[str, str], Floats]] = [
            ({"region": "us", "service": 'say "hi" & <bye>\\', "empty": ""}, us),
            ({"region": "eu", "service": "checkout"}, eu),
        ]

    def now(self) -> float:
        return START + (STEPS - 1) * STEP

    def select(
        self, metric: str, matchers: Mapping[str, str], start: float, end: float, step: float
    ) -> Sequence[tuple[Mapping[str, str], Floats]]:
        asked = np.arange(start, end + step / 2, step)
        place = (asked - START) / STEP
        inside = (place >= 0) & (place < STEPS) & (place == np.floor(place))
        at = np.clip(np.floor(place), 0, STEPS - 1).astype(int)
        return [
            (labels, np.where(inside, values[at], np.nan))
            for labels, values in self.series
            if metric == "demo_metric"
            and all(labels.get(name, "") == value for name, value in matchers.items())
        ]


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serve(create_app(FixedSource())) as url, httpx.Client(base_url=url) as client:
        yield client


def query_range(client: httpx.Client, **parameters: Any) -> httpx.Response:
    asked: dict[str, Any] = {
        "query": "demo_metric",
        "start": START,
        "end": START + 300,
        "step": STEP,
    }
    return client.get("/api/v1/query_range", params=asked | parameters)


def test_it_is_ready_and_says_its_version(client: httpx.Client) -> None:
    assert client.get("/-/ready").text == "Prometheus Server is Ready.\n"
    build = client.get("/api/v1/status/buildinfo").json()
    assert build["data"]["version"].startswith("2.42")


def test_a_range_gives_text_values_sorted_by_labels_without_missing_samples(
    client: httpx.Client,
) -> None:
    data = query_range(client).json()["data"]
    assert data["resultType"] == "matrix"
    eu, us = data["result"]
    assert eu["metric"] == {"__name__": "demo_metric", "region": "eu", "service": "checkout"}
    assert eu["values"][:3] == [[START, "0"], [START + 60, "-0"], [START + 120, "0.00001"]]
    assert [at for at, _ in us["values"]] == [START + 60 * n for n in (0, 1, 2, 5)]


def test_an_instant_defaults_to_the_newest_sample(client: httpx.Client) -> None:
    data = client.post("/api/v1/query", data={"query": 'demo_metric{region="eu"}'}).json()["data"]
    assert data["resultType"] == "vector"
    (sample,) = data["result"]
    assert sample["value"][0] == START + 60 * (STEPS - 1)


def test_it_says_what_time_it_is(client: httpx.Client) -> None:
    data = client.get("/api/v1/query", params={"query": "time()"}).json()["data"]
    newest = START + 60 * (STEPS - 1)
    assert data == {"resultType": "scalar", "result": [newest, str(newest)]}


def test_nothing_is_known_of_the_future(client: httpx.Client) -> None:
    end = START + 60 * (STEPS + 10)
    (series, _) = query_range(client, start=end - 720, end=end).json()["data"]["result"]
    assert series["values"][-1][0] == START + 60 * (STEPS - 1)
    later = client.get("/api/v1/query", params={"query": "demo_metric", "time": end})
    assert later.json()["data"]["result"] == []


def test_an_unknown_metric_is_an_empty_result(client: httpx.Client) -> None:
    assert query_range(client, query="nothing").json()["data"]["result"] == []
    assert query_range(client, query='demo_metric{region="asia"}').json()["data"]["result"] == []


def test_11000_steps_are_allowed_and_one_more_is_not(client: httpx.Client) -> None:
    assert query_range(client, end=START + 11_000, step=1).status_code == 200
    refused = query_range(client, end=START + 11_001, step=1)
    assert refused.status_code == 400
    assert refused.json() == {
        "status": "error",
        "errorType": "bad_data",
        "error": "exceeded maximum resolution of 11,000 points per timeseries. "
        "Try decreasing the query resolution (?step=XX)",
    }


@pytest.mark.parametrize("step", ["60", "1m", "60000ms", "6e1", "0h1m"])
def test_a_step_is_seconds_or_a_duration(client: httpx.Client, step: str) -> None:
    assert query_range(client, step=step).json() == query_range(client).json()


def test_times_may_be_rfc_3339(client: httpx.Client) -> None:
    at = "2026-09-21T15:34:00+01:00"
    answer = client.get("/api/v1/query", params={"query": "demo_metric", "time": at})
    assert answer.json()["data"]["result"][0]["value"][0] == START + 1200


def test_three_weeks_of_150_series_take_about_a_second() -> None:
    values = np.random.default_rng(1).lognormal(3, 2, 6049)

    class ManySource(FixedSource):
        def select(
            self, metric: str, matchers: Mapping[str, str], start: float, end: float, step: float
        ) -> Sequence[tuple[Mapping[str, str], Floats]]:
            return [({"service": f"service-{n}"}, values) for n in range(150)]

    end = START - 60
    with serve(create_app(ManySource())) as url:
        began = time.monotonic()
        parameters: dict[str, Any] = {
            "query": "m",
            "start": end - 21 * 86_400,
            "end": end,
            "step": 300,
        }
        answer = httpx.get(f"{url}/api/v1/query_range", params=parameters, timeout=30)
        took = time.monotonic() - began
    assert len(answer.json()["data"]["result"]) == 150
    assert took < 5  # 0.4 s where nothing else runs


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=20))
def test_every_number_survives_its_text(numbers: list[float]) -> None:
    texts = format_values(np.array(numbers))
    assert [float(text) for text in texts] == numbers


@given(value=st.text())
def test_every_label_value_survives_its_quotes(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    assert parse_selector(f'up{{a="{quoted}"}}').matchers == {"a": value}


# Refused by Prometheus in the same words; the oracle below checks that they are.
BAD_REQUESTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("query", {}),
    ("query", {"query": " "}),
    ("query", {"query": "up", "time": "abc"}),
    ("query", {"query": "up", "time": "2024-01-01T00:00:00"}),
    ("query", {"query": "up up"}),
    ("query", {"query": 'up{job="self"'}),
    ("query", {"query": "up{"}),
    ("query", {"query": "up{job}"}),
    ("query", {"query": "up{job=1}"}),
    ("query", {"query": 'up{job=="x"}'}),
    ("query", {"query": 'up{job="a" x}'}),
    ("query", {"query": 'up{1a="x"}'}),
    ("query", {"query": "up{,}"}),
    ("query", {"query": 'up{job="self'}),
    ("query", {"query": 'up{job="\\q"}'}),
    ("query_range", {"query": "up", "start": "1", "end": "0", "step": "1"}),
    ("query_range", {"query": "up", "start": "0", "end": "1", "step": "0"}),
    ("query_range", {"query": "up", "start": "0", "end": "1", "step": "-5"}),
    ("query_range", {"query": "up", "start": "0", "end": "1", "step": "5x"}),
    ("query_range", {"query": "up", "start": "0", "end": "1", "step": " 5"}),
    ("query_range", {"query": "up", "start": "0", "end": "1"}),
    ("query_range", {"query": "up", "end": "1", "step": "1"}),
    ("query_range", {"query": "up", "start": "1", "step": "1"}),
    ("query_range", {"query": "up{", "start": "0", "end": "20000", "step": "1"}),
    ("query_range", {"query": "up{", "start": "0", "end": "2", "step": "1"}),
    ("query_range", {"start": "0", "end": "2", "step": "1"}),
)


@pytest.mark.parametrize(("path", "parameters"), BAD_REQUESTS)
def test_a_bad_request_is_refused_as_bad_data(
    client: httpx.Client, path: str, parameters: dict[str, str]
) -> None:
    answer = client.get(f"/api/v1/{path}", params=parameters)
    assert answer.status_code == 400
    assert (answer.json()["status"], answer.json()["errorType"]) == ("error", "bad_data")


@pytest.mark.parametrize(
    "query",
    [
        'up{__name__="up"}',
        'up{a="1",a="2"}',
        "rate(up[5m])",
        "up > 0",
        'up{job=~"a"}',
        'up{job!="a"}',
        '{job="a"}',
        "9",
    ],
)
def test_promql_beyond_a_selector_is_refused(query: str) -> None:
    with pytest.raises(InputError, match="parse error"):
        parse_selector(query)


@pytest.mark.parametrize(
    "query", ['up{job="a"}', ' up { job = "a" , } # now', "up{job='a'}", "up{job=`a`}"]
)
def test_a_selector_may_be_written_in_several_ways(query: str) -> None:
    assert parse_selector(query).matchers == {"job": "a"}


def openmetrics(source: FixedSource) -> str:
    lines = ["# TYPE demo_metric gauge"]
    for labels, values in source.series:
        shown = ",".join(
            '{}="{}"'.format(name, value.replace("\\", "\\\\").replace('"', '\\"'))
            for name, value in labels.items()
            if value
        )
        for index in np.flatnonzero(~np.isnan(values)):
            value = "+Inf" if np.isinf(values[index]) else repr(float(values[index]))
            lines.append(f"demo_metric{{{shown}}} {value} {START + int(index) * STEP}")
    return "\n".join([*lines, "# EOF", ""])


@contextmanager
def real_prometheus(folder: Path, program: Path, promtool: Path) -> Iterator[httpx.Client]:
    """Run Debian's Prometheus on the same samples; it sees each only at its own instant."""
    (folder / "samples").write_text(openmetrics(FixedSource()))
    (folder / "prometheus.yml").write_text("{}")
    make_blocks = [str(promtool), "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run(
        [*make_blocks, str(folder / "samples"), str(folder / "data")],
        check=True,
        capture_output=True,
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    process = subprocess.Popen(
        [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--storage.tsdb.retention.time=100y",
            "--query.lookback-delta=1s",
            f"--web.listen-address={address}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=f"http://{address}") as client:
            wait_until_ready(client)
            yield client
    finally:
        process.terminate()
        process.wait(timeout=10)


def wait_until_ready(client: httpx.Client) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if client.get("/-/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.1)
    pytest.fail("prometheus did not start within 20 s")


def test_a_real_prometheus_answers_the_same(
    tmp_path: Path, client: httpx.Client, require_program: Callable[[str], Path]
) -> None:
    program, promtool = require_program("prometheus"), require_program("promtool")
    good: list[tuple[str, dict[str, Any]]] = [
        ("query", {"query": query, "time": START + 60 * minute})
        for query in ("demo_metric", 'demo_metric{region="eu"}', 'demo_metric{service=""}', "none")
        for minute in (0, 3, 7, 119)
    ]
    good += [
        ("query_range", {"query": query, "start": START - 300, "end": end, "step": step})
        for query in ("demo_metric", 'demo_metric{region="us",empty=""}')
        for end in (START + 3000, START + 60 * (STEPS - 1))
        for step in ("60", "2m")
    ]
    with real_prometheus(tmp_path, program, promtool) as real:
        for path, parameters in (*good, *BAD_REQUESTS):
            expected = real.get(f"/api/v1/{path}", params=parameters)
            answer = client.get(f"/api/v1/{path}", params=parameters)
            assert answer.status_code == expected.status_code, parameters
            assert in_label_order(answer.json()) == in_label_order(expected.json()), parameters
            assert answer.headers["content-type"] == expected.headers["content-type"]


def in_label_order(content: dict[str, Any]) -> dict[str, Any]:
    """Return the answer with a vector's series in a fixed order; Prometheus promises none."""
    if content.get("data", {}).get("resultType") == "vector":
        content["data"]["result"].sort(key=lambda series: sorted(series["metric"].items()))
    return content
