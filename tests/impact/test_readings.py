"""What is kept of KPI readings, and the window they are given out in."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.ticks import KpiTick
from aiops.impact.readings import KpiLog, kpi_window
from tests.builders import minute, revenue


@given(st.lists(st.integers(0, 300), unique=True, max_size=40), st.integers(0, 300))
def test_the_window_holds_the_readings_between_two_moments(minutes: list[int], since: int) -> None:
    log = KpiLog(60)
    kept = sorted(minutes)
    for number in kept:
        log.append(reading(number))
    window = log.window(minute(since), minute(300))
    wanted = [number for number in kept if number >= since]
    if not wanted:
        assert window is None
        return
    assert window is not None
    assert window.times.tolist() == [int(minute(number).timestamp()) for number in wanted]
    assert window.observed[:, 0].tolist() == [float(number) for number in wanted]


def test_readings_from_before_a_kpi_was_added_do_not_mix_with_those_after() -> None:
    window = kpi_window([reading(0), reading(1, 2), reading(2, 2)], 60)
    assert window is not None
    assert window.observed.shape == (2, 2)


def test_a_window_stays_as_it_was_given_however_much_is_read_afterwards() -> None:
    log = KpiLog(60)
    for number in range(1000):
        log.append(reading(number))
    early = log.window(minute(990), minute(2000))
    for number in range(1000, 3000):
        log.append(reading(number))
    late = log.window(minute(5), minute(2999))
    assert early is not None
    assert late is not None
    assert early.expected[:, 0].tolist() == [float(number) for number in range(990, 1000)]
    assert late.scale[:, 0].tolist() == [float(number) for number in range(5, 3000)]


def test_a_log_forgets_what_was_read_before_a_kpi_was_added() -> None:
    log = KpiLog(60)
    for number, width in ((0, 1), (1, 2), (2, 2)):
        log.append(reading(number, width))
    window = log.window(minute(0), minute(9))
    assert window is not None
    assert window.times.tolist() == [int(minute(number).timestamp()) for number in (1, 2)]
    assert window.observed.shape == (2, 2)


def reading(number: int, width: int = 1) -> KpiTick:
    values = np.full(width, float(number))
    return KpiTick(
        at=minute(number),
        series=(revenue(),) * width,
        observed=values,
        expected=values,
        scale=values,
    )


def test_without_a_reading_there_is_no_window() -> None:
    assert kpi_window((), 60) is None
