"""Sources that push samples, and what their signals may say."""

from pathlib import Path

import pytest

from aiops.domain.derivations import Across
from aiops.settings import Reading, lint, load
from tests.settings.test_load import complaint, write
from topology.graph import ServiceGraph

PUSHED = """
sources:
  prom:
    kind: remote_write
    token_env: AIOPS_PROM_TOKEN
    labels: {service: app}
    signals:
      - {name: requests_rate, metric: http_requests_total}
      - {name: pool_used, metric: pool_used, across: max}
      - name: error_ratio
        metric: http_requests_total
        where: {code: "5.."}
        per: {metric: http_requests_total}
      - {name: latency_p95, metric: took_seconds, quantile: 0.95}
      - {name: latency_mean, metric: took_seconds, as: mean}
  otel: {kind: otlp_metrics, scrape_seconds: 60, signals: [{name: a, metric: b.c}]}
"""


def test_what_becomes_of_a_metric_is_told_by_the_rest_unless_it_is_said(tmp_path: Path) -> None:
    prom, otel = load(write(tmp_path, PUSHED), {"AIOPS_PROM_TOKEN": "t"}).pushed_sources
    assert [one.reading for one in prom.signals] == [
        Reading.RATE,
        Reading.VALUE,
        Reading.RATIO,
        Reading.QUANTILE,
        Reading.MEAN,
    ]
    assert prom.signals[1].across is Across.MAX
    assert prom.signals[2].of.where == (("code", "5.."),)
    assert (prom.labels.service, prom.labels.env) == (("app",), ("env", "environment"))
    assert otel.labels.service == ("service.name",)
    assert (prom.delay_seconds, otel.delay_seconds) == (25, 70)
    assert [one.get_secret_value() for one in prom.tokens] == ["t"]


@pytest.mark.parametrize(
    ("signal", "says"),
    [
        ("name: a", "signals[0].metric: found nothing"),
        ("name: a, metric: b, query: c", "signals[0].query: is of no use"),
        ("name: a, metric: b, as: quantile", "signals[0].quantile: goes with"),
        ("name: a, metric: b, as: value, quantile: 0.9", "signals[0].quantile: goes with"),
        ("name: a, metric: b, as: ratio", "signals[0].per: goes with"),
        ("name: a, metric: b, quantile: 1.5", "signals[0].quantile"),
        ("name: a, metric: b, quantile: 0.5, across: max", "signals[0].across: is of no use"),
        ("name: a, metric: b, worst_of: region", "signals[0].worst_of: found a label"),
        ("name: a, metric: b, where: {c: '('}", "signals[0].where: c: found '('"),
        ("name: a, metric: b}, {name: a, metric: c", "signals[1].name: is there twice"),
    ],
)
def test_a_signal_that_contradicts_itself_is_named(tmp_path: Path, signal: str, says: str) -> None:
    text = f"sources: {{x: {{kind: remote_write, signals: [{{{signal}}}]}}}}"
    assert says in complaint(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind: remote_write, url: http://a", "sources.x.url: is of no use"),
        ("kind: otlp_metrics, back_fill_days: 3", "sources.x.back_fill_days: is of no use"),
        ("kind: remote_write, labels: {severity: s}", "sources.x.labels.severity: is of no use"),
        ("url: http://a, most_series: 3", "sources.x.most_series: is of no use"),
        ("url: http://a, signals: [{name: a}]", "signals[0].query: found nothing"),
        ("url: http://a, signals: [{name: a, query: b, as: rate}]", "signals[0].as: is of no use"),
    ],
)
def test_what_a_source_of_samples_cannot_have_is_named(
    tmp_path: Path, text: str, says: str
) -> None:
    assert says in complaint(tmp_path, f"sources: {{x: {{{text}}}}}")


def test_a_source_that_keeps_nothing_or_lets_nobody_in_is_doubted(tmp_path: Path) -> None:
    text = "sources: {x: {kind: remote_write, token_env: AIOPS_T}}"
    found = "\n".join(lint(load(write(tmp_path, text), {}), ServiceGraph.from_edges((), ())))
    assert "source 'x': nothing it sends is kept" in found
    assert "AIOPS_T is not set, so nobody may send" in found
    assert "no source is declared" not in found
