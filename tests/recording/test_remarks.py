"""What a recording says of its own telemetry is told to the person who made it."""

from collections.abc import Callable

import numpy as np
import pytest

from aiops.recording.values import Recording

HEADER = "timestamp,service,metric,value\n"
DAY = 86_400
NOISE = np.random.default_rng(3)


Remarks = Callable[..., tuple[str, ...]]


@pytest.fixture
def remarks(read_csv: Callable[[str], Recording]) -> Remarks:
    """Return what is said of a recording of some lines."""
    return lambda *lines: read_csv(HEADER + "\n".join(lines) + "\n").remarks


def calm(service: str = "shop", metric: str = "latency_p95") -> list[str]:
    values = 0.2 + 0.01 * NOISE.standard_normal(200)
    return [f"{60 * tick},{service},{metric},{value:.4f}" for tick, value in enumerate(values, 1)]


def counted(*starts: int, service: str = "shop", ticks: int = 200) -> list[str]:
    """Return a counter of requests that begins anew at some ticks."""
    total, lines = 5000.0, []
    for tick in range(1, ticks + 1):
        total = float(NOISE.integers(1, 50)) + (0 if tick in starts else total)
        lines.append(f"{60 * tick},{service},requests,{total}")
    return lines


def test_of_ordinary_series_nothing_is_said(remarks: Remarks) -> None:
    steps = [f"{60 * tick},shop,replicas,{3 + tick // 100}" for tick in range(1, 201)]
    saw = [f"{60 * tick},shop,heap,{50 + tick % 40}" for tick in range(1, 201)]

    assert remarks(*calm(), *steps, *saw) == ()


def test_infinite_values_are_counted_by_series(remarks: Remarks) -> None:
    lines = [*calm(), "12060,shop,error_ratio,inf", "12120,shop,error_ratio,-Infinity"]

    assert remarks(*lines) == (
        "2 values are infinite, counted as missing: shop:error_ratio{env=prod}",
    )


def test_rows_with_the_time_of_another_are_counted(remarks: Remarks) -> None:
    assert remarks(*calm(), "600,shop,latency_p95,9", "660,shop,latency_p95,9") == (
        "2 rows are repeated, the last one counts: shop:latency_p95{env=prod}",
    )


def test_a_counter_that_nobody_declared_is_recognised_with_its_resets(remarks: Remarks) -> None:
    assert remarks(*calm(), *counted(100), *counted(service="search")) == (
        "search:requests{env=prod} is a counter, it only rises; "
        "its rate is what is judged, once that is certain",
        "shop:requests{env=prod} is a counter, it only rises, reset at 1970-01-01T01:40:00+00:00; "
        "its rate is what is judged, once that is certain",
    )


def test_rows_from_a_clock_that_leapt_are_told_of(remarks: Remarks) -> None:
    assert remarks(*calm(), f"{90 * DAY},shop,latency_p95,0.2") == (
        "1 row is far from all others at 1970-04-01T00:00:00+00:00, a wrong clock? "
        "shop:latency_p95{env=prod}",
    )
