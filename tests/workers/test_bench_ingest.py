import json

import pytest

from aiops.domain.errors import AiopsError
from workers.bench.ingest import measure
from workers.bench.ingest.alerts import webhook
from workers.bench.ingest.measure import bench_ingest
from workers.bench.ingest.sender import request, send
from workers.bench.ingest.web import web_process


def test_every_figure_is_of_something_that_was_taken() -> None:
    said: list[str] = []
    figures = bench_ingest(said.append, scale=0.02)
    assert len(said) == len(measure.MEASURED)
    assert figures["alerts_per_second"] > 0
    assert figures["alerts_in_20s_per_second"] > 0
    assert 0 < figures["alert_accept_seconds"]["p50"] <= figures["alert_accept_seconds"]["p99"]
    assert figures["slow_commit"]["alerts_per_second"] > 0
    assert figures["slow_commit"]["p99"] > 0.005
    assert figures["sql"]["commits_per_second"] > 0
    assert figures["sql"]["lock_errors"] == 0
    assert 0 < figures["poll_cpu_share"] < 1
    json.dumps(figures)


def test_what_is_not_accepted_is_no_figure() -> None:
    sources = {"alertmanager": {"kind": "alertmanager"}}
    wrong = [
        request("/ingest/alertmanager", webhook(range(1))),
        request("/ingest/alertmanager", b"{"),
    ]
    with (
        web_process(sources) as port,
        pytest.raises(AiopsError, match=r"not every request was accepted.*400"),
    ):
        send(port, wrong, connections=2, seconds=0.2)
