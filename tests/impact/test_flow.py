"""Whether money moves: each KPI against what is usual, as it stands now."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from aiops.domain.journeys import Journey, Kpi
from aiops.domain.series import Direction, Series
from aiops.domain.ticks import KpiWindow
from aiops.impact.flow import Flow, FlowState, flows, young_of
from tests.builders import REVENUE, minute, revenue, series
from tests.slo.made import excerpt

TICKS = 60
MONEY = Kpi(name=REVENUE, metric="revenue", service="checkout", unit="EUR")
CHECKOUT = Journey(name="checkout", entry="checkout", kpis=(REVENUE,))
NOW = minute(TICKS - 1)
NAN = float("nan")


def window(columns: Sequence[Series], now: Sequence[float], *, usual: float = 100) -> KpiWindow:
    """Make an hour of readings as usual, of which the last ten minutes are at `now`."""
    observed = np.full((TICKS, len(columns)), float(usual))
    observed[-10:] = now
    return KpiWindow(
        series=tuple(columns),
        step_seconds=60,
        times=np.array([int(minute(at).timestamp()) for at in range(TICKS)]),
        observed=observed,
        expected=np.full((TICKS, len(columns)), float(usual)),
        scale=np.full((TICKS, len(columns)), 4.0),
    )


def flow(of: KpiWindow | None, kpi: Kpi = MONEY, *, young: Sequence[Series] = ()) -> Flow:
    known = {one.key.fingerprint for one in young}
    (found,) = flows(of, (kpi,), (CHECKOUT,), NOW, young=known)
    return found


@pytest.mark.parametrize(
    ("now", "state", "hurts"),
    [
        (100, FlowState.AS_USUAL, False),
        (93, FlowState.AS_USUAL, False),
        (76, FlowState.BELOW, True),
        (30, FlowState.BELOW, True),
        (140, FlowState.ABOVE, False),
        (0, FlowState.STOPPED, True),
    ],
)
def test_it_is_compared_with_its_profile(now: float, state: FlowState, hurts: bool) -> None:
    told = flow(window([revenue()], [now]))
    assert (told.state, told.hurts) == (state, hurts)
    assert (told.now, told.usual) == (now, 100)
    assert told.relative == pytest.approx(now / 100 - 1)
    assert (told.journey, told.unit, told.is_money) == ("checkout", "EUR", True)


def test_what_hurts_is_the_way_that_was_declared() -> None:
    refunds = replace(MONEY, bad_direction=Direction.UP)
    assert flow(window([revenue()], [140]), refunds).hurts
    assert not flow(window([revenue()], [70]), refunds).hurts


def test_parts_add_up_and_a_total_is_not_added_to_them() -> None:
    parts = [revenue("EU"), revenue("US")]
    told = flow(window(parts, [60, 100]))
    assert (told.now, told.usual) == (160, 200)
    (place,) = told.places
    assert (place.region, round(place.relative, 6)) == ("EU", -0.4)
    both = flow(window([*parts, revenue()], [60, 100, 90]))
    assert (both.now, both.usual) == (90, 100)


def test_what_does_not_add_up_is_averaged_and_says_so() -> None:
    ratio = Kpi(name=REVENUE, metric="conversion", unit="1")
    told = flow(window([revenue("EU"), revenue("US")], [60, 100]), ratio)
    assert (told.now, told.usual, told.is_mean) == (80, 100, True)


def test_a_cohort_that_went_silent_is_no_fall_of_the_others() -> None:
    told = flow(window([revenue("EU"), revenue("US")], [NAN, 100]))
    assert told.state is FlowState.AS_USUAL
    assert (told.now, told.usual, told.silent) == (100, 100, 1)


def test_what_is_young_has_no_usual() -> None:
    told = flow(window([revenue()], [50]), young=[revenue()])
    assert told.state is FlowState.YOUNG
    assert told.now == 50
    assert np.isnan([told.usual, told.relative]).all()
    assert np.isnan(told.expected).all()
    assert not told.places


def test_what_nobody_reports_is_silent_and_has_no_value() -> None:
    never = flow(None)
    assert (never.state, never.read_until) == (FlowState.SILENT, None)
    stopped = flow(window([revenue()], [NAN]))
    assert stopped.state is FlowState.SILENT
    assert stopped.read_until == minute(TICKS - 11)
    (stale,) = flows(window([revenue()], [100]), (MONEY,), (), minute(TICKS + 10))
    assert stale.state is FlowState.SILENT
    assert np.isnan(stale.now)


def test_money_is_told_first() -> None:
    orders = Kpi(name="orders per minute", metric="orders", unit="1/min")
    told = flows(None, (orders, MONEY), (CHECKOUT,), NOW)
    assert [one.kpi for one in told] == [REVENUE, "orders per minute"]


def test_a_series_nothing_of_the_past_knows_is_young() -> None:
    old, fresh = series("checkout", "revenue"), series("checkout", "refunds")
    past = excerpt({old: (1, 1), fresh: (NAN, NAN)})
    assert young_of([old, fresh], [past]) == {fresh.key.fingerprint}
