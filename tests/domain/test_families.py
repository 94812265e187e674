import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.families import classify, is_ratio, title_of, words_of
from aiops.domain.figures import format_value
from aiops.domain.series import Direction, Family


@pytest.mark.parametrize(
    ("metric", "unit", "family", "direction"),
    [
        ("http_request_duration_seconds", "", Family.LATENCY, Direction.UP),
        ("PodClientLatencyP95(s)", "", Family.LATENCY, Direction.UP),
        ("lat_50", "", Family.LATENCY, Direction.UP),
        ("trace_self_p95_us", "", Family.LATENCY, Direction.UP),
        ("response_time", "ms", Family.LATENCY, Direction.UP),
        ("error_ratio", "1", Family.ERRORS, Direction.UP),
        ("http_5xx_total", "", Family.ERRORS, Direction.UP),
        ("db_connection_errors", "", Family.ERRORS, Direction.UP),
        ("request_timeout_count", "", Family.ERRORS, Direction.UP),
        ("client_retries_total", "", Family.ERRORS, Direction.UP),
        ("pod_restarts", "", Family.ERRORS, Direction.UP),
        ("circuit_breaker_open", "", Family.ERRORS, Direction.UP),
        ("circuitbreaker_not_permitted_calls", "", Family.ERRORS, Direction.UP),
        ("circuit_breaker_remaining_requests", "", Family.AVAILABILITY, Direction.DOWN),
        ("requests_Sum", "", Family.TRAFFIC, Direction.BOTH),
        ("rps", "1/s", Family.TRAFFIC, Direction.BOTH),
        ("orders_per_minute", "", Family.TRAFFIC, Direction.BOTH),
        ("CpuUsageRate(%)", "", Family.SATURATION, Direction.UP),
        ("cpu_seconds_total", "", Family.SATURATION, Direction.UP),
        ("kafka_consumer_lag", "", Family.SATURATION, Direction.UP),
        ("db_pool_connections", "", Family.SATURATION, Direction.UP),
        ("availability_Average", "", Family.AVAILABILITY, Direction.DOWN),
        ("success_ratio", "", Family.AVAILABILITY, Direction.DOWN),
        ("up", "", Family.AVAILABILITY, Direction.DOWN),
        ("takings", "EUR/min", Family.KPI, Direction.DOWN),
        ("revenue_per_minute", "", Family.KPI, Direction.DOWN),
        ("temperature", "", Family.OTHER, Direction.BOTH),
    ],
)
def test_a_metric_is_classified_by_general_words(
    metric: str, unit: str, family: Family, direction: Direction
) -> None:
    assert classify(metric, unit) == (family, direction)


def test_a_rate_unit_is_not_taken_for_a_currency() -> None:
    assert classify("gateway", "RPS")[0] is Family.TRAFFIC


@pytest.mark.parametrize(
    ("metric", "family", "title"),
    [
        ("error_ratio", Family.ERRORS, "error rate"),
        ("errors_percent", Family.ERRORS, "error rate"),
        ("http_error_rate", Family.ERRORS, "HTTP error rate"),
        ("db_connection_errors", Family.ERRORS, "DB connection errors"),
        ("http_5xx_total", Family.ERRORS, "HTTP 5xx"),
        ("latency_seconds", Family.LATENCY, "latency"),
        ("latency_p95_seconds", Family.LATENCY, "p95 latency"),
        ("trace_self_p95_us", Family.LATENCY, "p95 trace self latency"),
        ("response_time_ms", Family.LATENCY, "response time"),
        ("requests_total", Family.TRAFFIC, "requests"),
        ("revenue_per_minute", Family.KPI, "revenue per minute"),
        ("CpuUsage(m)", Family.SATURATION, "CPU usage"),
    ],
)
def test_a_title_is_what_people_say(metric: str, family: Family, title: str) -> None:
    assert title_of(metric, family) == title


@pytest.mark.parametrize(
    ("value", "unit", "family", "text"),
    [
        (0.072, "1", Family.ERRORS, "7.2%"),
        (0.003, "1", Family.ERRORS, "0.3%"),
        (0.0004, "1", Family.ERRORS, "0.04%"),
        (0.1, "", Family.ERRORS, "0.1"),
        (0.0, "1", Family.ERRORS, "0%"),
        (99.95, "%", Family.AVAILABILITY, "99.95%"),
        (12.5, "%", Family.SATURATION, "12.5%"),
        (17.0, "", Family.ERRORS, "17"),
        (1.42, "s", Family.LATENCY, "1.4 s"),
        (0.31, "s", Family.LATENCY, "310 ms"),
        (310.0, "ms", Family.LATENCY, "310 ms"),
        (0.0042, "s", Family.LATENCY, "4.2 ms"),
        (5120.4, "EUR", Family.KPI, "EUR 5,120"),
        (3.5, "EUR/min", Family.KPI, "EUR 3.50"),
        (1234.0, "1/s", Family.TRAFFIC, "1,234/s"),
        (2.5e9, "By", Family.SATURATION, "2.5 GB"),
        (math.nan, "s", Family.LATENCY, "no value"),
    ],
)
def test_a_value_reads_as_a_person_would_write_it(
    value: float, unit: str, family: Family, text: str
) -> None:
    assert format_value(value, unit, family) == text


@given(st.text(max_size=40), st.text(max_size=6), st.floats())
def test_any_name_unit_and_value_is_taken(metric: str, unit: str, value: float) -> None:
    family, _ = classify(metric, unit)
    assert isinstance(title_of(metric, family), str)
    assert format_value(value, unit, family)
    assert is_ratio(metric, unit) in (True, False)
    assert all(word == word.lower() for word in words_of(metric))
