"""Counted spans -> rate, errors and duration of every service and every call."""

import tracemalloc
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.clues.durations import bucket_of
from aiops.domain.clues import SpanCount
from aiops.domain.series import Family
from aiops.ingest.rows import window_of
from aiops.ingest.span_metrics import SpanMetrics
from aiops.settings import SpanSettings
from tests.builders import minute

WINDOW = window_of(minute(1), minute(3), 60)
"""The ticks of 10:01, 10:02 and 10:03: the minutes that begin at 0, 1 and 2."""


def counted(at: float = 0, count: int = 60, **more: object) -> SpanCount:
    told: dict[str, object] = {
        "env": "prod",
        "service": "pay",
        "caller": "",
        "is_callers": False,
        "region": "",
        "segment": "",
        "minute": minute(at),
        "failed": False,
        "bucket": bucket_of(0.2),
        "count": count,
    }
    return SpanCount(**(told | more))  # type: ignore[arg-type]


def values(*counts: SpanCount, metrics: SpanMetrics | None = None) -> dict[str, list[float]]:
    made = metrics or SpanMetrics(SpanSettings(name="traces"))
    return {
        one.series.key.fingerprint: [round(float(value), 3) for value in one.values]
        for one in made.samples(counts, WINDOW)
    }


def test_a_service_has_a_rate_a_share_of_errors_and_a_duration() -> None:
    found = values(counted(), counted(count=20, failed=True), counted(1, count=6))
    assert found["pay:traced_requests_rate{env=prod}"][:2] == [1.333, 0.1]
    assert found["pay:traced_error_ratio{env=prod}"][:2] == [0.25, 0.0]
    assert found["pay:traced_latency_p95{env=prod}"][0] == pytest.approx(0.25, rel=0.2)


def test_each_call_has_them_too_beside_those_of_everybody() -> None:
    found = values(counted(caller="shop", count=60), counted(caller="app", count=120))
    assert found["pay:traced_requests_rate{env=prod}"][0] == 3.0
    assert found["pay:traced_requests_rate{env=prod,caller=shop}"][0] == 1.0
    assert found["pay:traced_requests_rate{env=prod,caller=app}"][0] == 2.0


def test_what_both_sides_tell_of_counts_once() -> None:
    theirs = counted(caller="shop", is_callers=True)
    assert values(counted(), theirs)["pay:traced_requests_rate{env=prod}"][0] == 1.0
    assert values(theirs)["pay:traced_requests_rate{env=prod}"][0] == 1.0  # a database is silent


def test_a_call_is_known_from_its_callers_where_the_sides_come_apart() -> None:
    found = values(counted(count=90), counted(caller="shop", is_callers=True, count=60))
    assert found["pay:traced_requests_rate{env=prod}"][0] == 1.5
    assert found["pay:traced_requests_rate{env=prod,caller=shop}"][0] == 1.0


def test_who_has_no_request_any_more_is_at_zero_while_others_have_some() -> None:
    found = values(counted(), counted(1, service="shop"))
    rates = found["pay:traced_requests_rate{env=prod}"]
    assert rates[:2] == [1.0, 0.0]
    assert np.isnan(rates[2])  # nobody sent anything: that is no zero
    assert np.isnan(found["pay:traced_error_ratio{env=prod}"][1:]).all()


def test_regions_and_environments_are_kept_apart() -> None:
    found = values(counted(region="EU"), counted(region="US", count=30), counted(env="staging"))
    assert found["pay:traced_requests_rate{env=prod,region=EU}"][0] == 1.0
    assert found["pay:traced_requests_rate{env=prod,region=US}"][0] == 0.5
    assert found["pay:traced_requests_rate{env=staging}"][0] == 1.0


def test_what_was_not_seen_for_a_day_is_forgotten() -> None:
    metrics = SpanMetrics(SpanSettings(name="traces"))
    values(counted(), metrics=metrics)
    later = window_of(minute(1) + timedelta(days=2), minute(3) + timedelta(days=2), 60)
    alive = counted(service="shop", minute=later.since)
    assert {one.series.key.service for one in metrics.samples([alive], later)} == {"shop"}


def test_too_many_names_are_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiops.ingest.span_metrics.MOST_SERIES", 2)
    metrics = SpanMetrics(SpanSettings(name="traces"))
    found = values(*(counted(service=f"order-{one}") for one in range(5)), metrics=metrics)
    assert len(found) == 2 * 3
    assert metrics.left_out == 3


def test_a_long_past_of_many_services_is_held_one_service_at_a_time() -> None:
    day = window_of(minute(1), minute(24 * 60), 60)
    tracemalloc.start()
    made = SpanMetrics(SpanSettings(name="traces")).samples(
        [counted(service=f"s{one}") for one in range(100)], day
    )
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(made) == 300
    assert most < 20_000_000  # all at once would be 80 MB


def test_the_series_say_what_they_are() -> None:
    made = SpanMetrics(SpanSettings(name="traces")).samples([counted()], WINDOW)
    told = {one.series.key.metric: (one.series.family, one.series.unit) for one in made}
    assert told == {
        "traced_requests_rate": (Family.TRAFFIC, "1/s"),
        "traced_error_ratio": (Family.ERRORS, "1"),
        "traced_latency_p95": (Family.LATENCY, "s"),
    }


@given(st.permutations([counted(), counted(1), counted(caller="shop"), counted(failed=True)]))
def test_the_order_of_counts_changes_nothing(some: list[SpanCount]) -> None:
    ordered = values(counted(), counted(1), counted(caller="shop"), counted(failed=True))
    assert repr(values(*some)) == repr(ordered)
