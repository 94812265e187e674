"""What a problem costs."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from aiops.domain.incidents import Impact
from aiops.domain.journeys import Journey, Kpi
from aiops.domain.series import Direction, Series
from aiops.domain.symptoms import Symptom
from aiops.domain.ticks import KpiWindow
from aiops.impact.claims import Claim
from aiops.impact.money import assess
from tests.builders import (
    REVENUE,
    checkout_errors,
    kpi_window,
    minute,
    revenue,
    series,
    shop,
    symptom,
)

EU, US = revenue("EU"), revenue("US")


def fallen(of: Series, *, at: float = 3, until: float | None = None) -> Symptom:
    return symptom(of, at=at, until=until, before=5000, observed=3800)


def cost(
    window: KpiWindow,
    *symptoms: Symptom,
    at: float = 170,
    since: float = 3,
    regions: tuple[str, ...] = ("EU",),
    others: Sequence[Claim] = (),
    cohorts: tuple[str, ...] = (),
) -> tuple[Impact, ...]:
    return assess(
        symptoms,
        window,
        minute(at),
        shop(cohorts=cohorts),
        since=minute(since),
        regions=regions,
        others=others,
    )


def true_loss(window: KpiWindow, share: float, *, start: float, stop: float) -> float:
    rows = (window.times >= minute(start).timestamp()) & (window.times <= minute(stop).timestamp())
    return float(window.expected[rows, 0].sum() * share * window.step_seconds / 60)


@pytest.mark.parametrize("step_seconds", [60, 300, 30])
def test_a_three_hour_flat_drop_of_24_percent_still_costs_that_at_minute_170(
    step_seconds: int,
) -> None:
    window = kpi_window([EU], [0.24], step_seconds=step_seconds, onset=5)
    (impact,) = cost(window, fallen(EU, at=5), since=5)
    expected = true_loss(window, 0.24, start=5, stop=170)
    assert impact.total == pytest.approx(expected, rel=0.1)
    assert impact.relative == pytest.approx(-0.24, abs=0.02)
    assert impact.per_minute == pytest.approx(0.24 * window.expected[-10, 0], rel=0.15)
    assert (impact.region, impact.segment) == ("EU", None)
    assert impact.is_money


def test_nine_in_ten_intervals_hold_the_true_loss() -> None:
    held = 0
    for seed in range(100):
        window = kpi_window([EU], [0.24], seed=seed)
        (impact,) = cost(window, fallen(EU), at=63)
        held += impact.low <= true_loss(window, 0.24, start=3, stop=63) <= impact.high
    assert 82 <= held <= 97


def test_the_level_before_onset_scales_the_profile() -> None:
    window = kpi_window([EU], [0.24])
    lifted = replace(window, observed=window.observed * 1.3)
    (impact,) = cost(lifted, fallen(EU))
    assert impact.total == pytest.approx(1.3 * true_loss(window, 0.24, start=3, stop=170), rel=0.1)


def test_a_dip_before_onset_does_not_lower_the_level() -> None:
    window = kpi_window([EU], [0.24])
    observed = window.observed.copy()
    observed[90:110] *= 0.5
    (impact,) = cost(replace(window, observed=observed), fallen(EU))
    assert impact.relative == pytest.approx(-0.24, abs=0.03)


def test_the_loss_ends_with_the_recovery() -> None:
    window = kpi_window([EU], [0.24])
    observed = window.observed.copy()
    back = window.times >= minute(40).timestamp()
    observed[back] = window.expected[back]
    (impact,) = cost(replace(window, observed=observed), fallen(EU, until=40))
    assert impact.total == pytest.approx(true_loss(window, 0.24, start=3, stop=39), rel=0.1)
    assert impact.per_minute == pytest.approx(0.24 * window.expected[155, 0], rel=0.2)


def test_ticks_after_the_recovery_do_not_dilute_the_share_that_was_lost() -> None:
    window = kpi_window([EU], [0.24])
    observed = window.observed.copy()
    back = window.times >= minute(40).timestamp()
    observed[back] = window.expected[back]
    (impact,) = cost(replace(window, observed=observed), fallen(EU, until=90))
    assert impact.relative == pytest.approx(-0.24, abs=0.02)


def test_noise_costs_nothing() -> None:
    assert cost(kpi_window([EU], [0.0]), fallen(EU)) == ()


def test_a_part_without_a_symptom_counts_once_its_loss_is_clear() -> None:
    parts = [revenue("EU", "business"), revenue("EU", "consumer")]
    (impact,) = cost(kpi_window(parts, [0.24, 0.24]), fallen(parts[0]))
    assert (impact.region, impact.segment) == ("EU", None)
    assert impact.relative == pytest.approx(-0.24, abs=0.02)


def test_one_segment_that_loses_is_named_by_itself() -> None:
    parts = [revenue("EU", "business"), revenue("EU", "consumer")]
    (impact,) = cost(kpi_window(parts, [0.3, 0.0]), fallen(parts[0]))
    assert (impact.region, impact.segment) == ("EU", "business")


def test_a_total_and_its_parts_are_never_counted_twice() -> None:
    parts = [revenue(), EU, US, revenue("EU", "business"), revenue("EU", "consumer")]
    window = kpi_window(parts, [0.12, 0.24, 0.0, 0.24, 0.24])
    impacts = cost(window, fallen(parts[0]), fallen(EU), fallen(parts[3]))
    assert [(one.region, one.segment) for one in impacts] == [("EU", None)]


def by_plan(region: str | None = None, **labels: str) -> Series:
    """Make the money KPI of one plan, or of whatever else parts it."""
    key = replace(revenue(region).key, labels=tuple(sorted(labels.items())))
    return replace(revenue(), key=key)


FREE, PRO = by_plan(plan="free"), by_plan(plan="pro")


def test_a_declared_label_is_a_cohort_that_loses_by_itself() -> None:
    for columns, losses in (
        ([FREE, PRO], [0.0, 0.3]),
        ([revenue(), FREE, PRO], [0.15, 0.0, 0.3]),
        ([by_plan("EU", plan="free"), by_plan("EU", plan="pro")], [0.0, 0.3]),
    ):
        window = kpi_window(columns, losses, noise=0.005)
        hit = columns[-1]
        regions = ("EU",) if hit.key.region else ()
        (impact,) = cost(window, fallen(hit), regions=regions, cohorts=("plan",))
        assert (impact.region, impact.labels) == (hit.key.region, (("plan", "pro"),))
        assert impact.relative == pytest.approx(-0.3, abs=0.02)
        assert impact.total == pytest.approx(true_loss(window, 0.3, start=3, stop=170), rel=0.1)


def test_a_label_over_regions_is_added_up() -> None:
    columns = [by_plan(region, plan=plan) for plan in ("free", "pro") for region in ("EU", "US")]
    window = kpi_window(columns, [0.0, 0.0, 0.3, 0.3], noise=0.005)
    (impact,) = cost(window, fallen(columns[2]), regions=(), cohorts=("plan",))
    assert (impact.region, impact.labels) == (None, (("plan", "pro"),))
    assert impact.total == pytest.approx(2 * true_loss(window, 0.3, start=3, stop=170), rel=0.1)


def test_all_plans_that_lose_alike_are_told_as_one() -> None:
    window = kpi_window([FREE, PRO], [0.24, 0.24])
    (impact,) = cost(window, fallen(PRO), regions=(), cohorts=("plan",))
    assert (impact.region, impact.labels) == (None, ())
    assert impact.relative == pytest.approx(-0.24, abs=0.02)


@pytest.mark.parametrize("with_total", [True, False])
def test_what_parts_a_kpi_and_is_no_cohort_is_counted_once(with_total: bool) -> None:
    pods = [by_plan(pod="a"), by_plan(pod="b")]
    columns = [revenue(), *pods] if with_total else pods
    window = kpi_window(columns, [0.24] * len(columns))
    (impact,) = cost(window, fallen(columns[0]), regions=())
    assert impact.labels == ()
    parts = 1 if with_total else 2
    expected = parts * true_loss(window, 0.24, start=3, stop=170)
    assert impact.total == pytest.approx(expected, rel=0.1)


def test_a_kpi_loses_without_a_symptom_of_its_own_where_users_meet_the_problem() -> None:
    window = kpi_window([EU], [0.24])
    met = symptom(checkout_errors())
    (impact,) = cost(window, met, at=63)
    assert impact.relative == pytest.approx(-0.24, abs=0.02)
    assert impact.since == met.onset

    assert cost(kpi_window([EU], [0.0]), met, at=63) == ()
    assert cost(window, symptom(series("search", "error_ratio", region="EU")), at=63) == ()


def test_a_loss_that_was_clear_is_not_taken_back_when_the_level_rises_meanwhile() -> None:
    window, met = kpi_window([EU], [0.0]), symptom(checkout_errors(), until=60)
    minutes = (window.times - minute(3).timestamp()) / 60
    wander = 0.07 * np.sin(minutes / 12) * (minutes < 0)
    share = np.interp(minutes, [-1, 0, 20, 57], [0.0, 0.2, 0.16, 0.0])
    window = replace(window, observed=window.observed * (1 + wander - share)[:, None])

    (during,), (after,) = cost(window, met, at=23), cost(window, met, at=150)
    assert after.total > 0.9 * during.total > 0
    assert after.low < 0.5 * after.total, "its interval says how sure that is"


def test_noise_without_a_symptom_of_the_kpi_is_hardly_ever_taken_for_a_loss() -> None:
    met = symptom(checkout_errors())
    windows = (kpi_window([EU], [0.0], seed=seed, minutes=70) for seed in range(60))
    assert sum(bool(cost(window, met, at=63)) for window in windows) <= 1


def test_two_incidents_that_hit_one_kpi_share_its_loss_and_say_so() -> None:
    window, met = kpi_window([EU], [0.24]), symptom(checkout_errors())
    rival = Claim(incident_id="INC-2", kpi=REVENUE, proven=False, regions=("EU",))
    (whole,) = cost(window, met, at=63)
    (part,) = cost(window, met, at=63, others=[rival])

    assert part.total == pytest.approx(whole.total / 2)
    assert part.per_minute == pytest.approx(whole.per_minute / 2)
    assert part.relative == whole.relative
    assert (whole.shared_with, part.shared_with) == ((), ("INC-2",))
    assert cost(window, met, at=63, others=[replace(rival, proven=True)]) == ()


def test_all_cohorts_that_lose_alike_are_told_as_one() -> None:
    parts = [revenue(region, name) for region in ("EU", "US") for name in ("business", "consumer")]
    window = kpi_window(parts, [0.20, 0.16, 0.24, 0.20])
    (impact,) = cost(window, *(fallen(one) for one in parts), regions=())
    assert (impact.region, impact.segment) == (None, None)


def test_a_level_that_wanders_widens_the_interval_and_is_no_loss_before_the_onset() -> None:
    steady = kpi_window([EU], [0.24], onset=30)
    quarters = (steady.times // 900) % 2
    lift = np.where(steady.times < minute(0).timestamp(), 0.06 * (quarters - 0.5), -0.03)
    wandering = replace(steady, observed=steady.observed * (1 + lift[:, None]))

    (sure,) = cost(steady, fallen(EU, at=30), at=90)
    (unsure,) = cost(wandering, fallen(EU, at=30), at=90)
    assert unsure.high - unsure.low > 1.5 * (sure.high - sure.low)
    assert unsure.since == minute(30)


def test_everywhere_is_one_loss_without_a_region() -> None:
    window = kpi_window([EU, US], [0.24, 0.24])
    (impact,) = cost(window, fallen(EU), fallen(US), regions=())
    assert impact.region is None
    assert impact.relative == pytest.approx(-0.24, abs=0.02)


def test_one_region_is_named_where_the_reach_is_unknown() -> None:
    (impact,) = cost(kpi_window([EU, US], [0.24, 0.0]), fallen(EU), regions=())
    assert impact.region == "EU"


def test_the_loss_of_a_region_that_is_not_hit_belongs_to_somebody_else() -> None:
    impacts = cost(kpi_window([EU, US], [0.24, 0.3]), fallen(EU))
    assert [one.region for one in impacts] == ["EU"]


def test_a_loss_that_grows_slowly_begins_before_it_leaves_the_band() -> None:
    window = kpi_window([EU], [0.0], noise=0.01)
    grown = np.clip((window.times - minute(5).timestamp()) / 6000, 0, 0.3)[:, None]
    window = replace(window, observed=window.observed - grown * window.expected)
    (impact,) = cost(window, fallen(EU, at=30), since=4)
    assert minute(4) <= impact.since <= minute(14)


def test_a_gap_inside_is_interpolated_and_silence_at_the_end_is_not_claimed() -> None:
    window = kpi_window([EU], [0.24])
    whole = true_loss(window, 0.24, start=3, stop=170)
    observed = window.observed.copy()
    observed[(window.times > minute(40).timestamp()) & (window.times < minute(60).timestamp())] = (
        np.nan
    )
    (gap,) = cost(replace(window, observed=observed), fallen(EU))
    assert gap.total == pytest.approx(whole, rel=0.1)
    observed[window.times > minute(100).timestamp()] = np.nan
    (silent,) = cost(replace(window, observed=observed), fallen(EU))
    assert silent.total == pytest.approx(true_loss(window, 0.24, start=3, stop=100), rel=0.1)


def test_a_kpi_that_hurts_by_rising_loses_by_rising() -> None:
    refunds = series("checkout", "refunds", unit="EUR", kpi="refunds", bad=Direction.UP)
    window = kpi_window([refunds], [-0.5])
    (impact,) = cost(window, symptom(refunds, before=100, observed=150), regions=())
    assert impact.relative == pytest.approx(0.5, abs=0.03)
    assert impact.total > 0


def test_a_ratio_does_not_add_up() -> None:
    parts = [
        series("checkout", "success_ratio", region=one, unit="1", kpi="success")
        for one in ("EU", "US")
    ]
    window = kpi_window(parts, [0.2, 0.2], base=0.99)
    impacts = assess(
        [symptom(one, before=0.99, observed=0.8) for one in parts],
        window,
        minute(60),
        shop(),
        since=minute(3),
        regions=(),
    )
    assert [one.region for one in impacts] == ["EU", "US"]


def test_a_journey_without_a_money_kpi_is_estimated_and_says_how() -> None:
    orders = series("checkout", "orders", kpi="orders per minute", bad=Direction.DOWN)
    knowledge = shop(
        journeys=(
            Journey(
                name="checkout",
                entry="checkout",
                kpis=("orders per minute",),
                value_per_success=40.0,
            ),
        ),
        kpis=(Kpi(name="orders per minute", metric="orders", journey="checkout"),),
    )
    impacts = assess(
        [symptom(orders, before=100, observed=70)],
        kpi_window([orders], [0.3], base=100),
        minute(60),
        knowledge,
        since=minute(3),
        regions=(),
    )
    estimate, measured = impacts
    assert estimate.total == pytest.approx(40 * measured.total)
    assert estimate.unit == "EUR"
    assert estimate.assumption == ("each success missing from orders per minute is worth EUR 40")


def failing_share(*, with_requests: bool = True) -> tuple[Impact, ...]:
    """Judge a journey of which only a share of failures, and perhaps its requests, is measured."""
    failed = series("checkout", "failed_share", unit="1", kpi="failed share", bad=Direction.UP)
    requests = series("checkout", "requests", unit="1/min", kpi="checkouts per minute")
    names = ("failed share", "checkouts per minute")
    knowledge = shop(
        journeys=(Journey(name="checkout", entry="checkout", kpis=names, value_per_success=40.0),),
        kpis=tuple(Kpi(name=name, metric=name, journey="checkout") for name in names),
    )
    shares = kpi_window([failed], [-3.0], base=0.02)
    counts = kpi_window([requests], [0.0], base=600.0)
    both = replace(
        shares,
        series=(failed, requests),
        observed=np.hstack([shares.observed, counts.observed]),
        expected=np.hstack([shares.expected, counts.expected]),
        scale=np.hstack([shares.scale, counts.scale]),
    )
    met = symptom(failed, before=0.02, observed=0.08)
    window = both if with_requests else shares
    return assess([met], window, minute(63), knowledge, since=minute(3), regions=())


def test_without_a_count_of_successes_it_is_requests_times_failure_times_value() -> None:
    (estimate, share) = failing_share()

    wave = 1.35  # the mean of both waves' product over this hour, about
    assert estimate.unit == "EUR"
    assert estimate.total == pytest.approx(600 * 0.06 * 40.0 * 61 * wave, rel=0.25)
    assert estimate.low < estimate.total < estimate.high
    assert estimate.relative == share.relative
    assert estimate.assumption.endswith(
        "checkouts per minute that fails by failed share loses EUR 40"
    )


def test_a_share_that_fails_of_nobody_knows_how_many_is_no_money() -> None:
    assert [one.unit for one in failing_share(with_requests=False)] == ["1"]


def test_without_readings_nothing_is_claimed() -> None:
    none = assess([fallen(EU)], None, minute(5), shop(), since=minute(3), regions=())
    assert none == ()
    late = replace(kpi_window([EU], [0.24]), times=np.empty(0, dtype=np.int64))
    empty = replace(
        late,
        observed=np.empty((0, 1)),
        expected=np.empty((0, 1)),
        scale=np.empty((0, 1)),
    )
    assert cost(empty, fallen(EU)) == ()


def test_later_readings_are_not_looked_at() -> None:
    window = kpi_window([EU], [0.24], minutes=180)
    short = kpi_window([EU], [0.24], minutes=180)
    rows = window.times <= minute(60).timestamp()
    short = replace(
        short,
        times=short.times[rows],
        observed=short.observed[rows],
        expected=short.expected[rows],
        scale=short.scale[rows],
    )
    assert cost(window, fallen(EU), at=60) == cost(short, fallen(EU), at=60)


def test_names_of_kpis_are_kept() -> None:
    (impact,) = cost(kpi_window([EU], [0.24]), fallen(EU))
    assert (impact.kpi, impact.unit) == (REVENUE, "EUR")
