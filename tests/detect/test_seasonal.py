from datetime import timedelta

import numpy as np
import pytest

from aiops.detect import engine
from aiops.domain.series import Direction, Series
from aiops.domain.symptoms import FactKind, SymptomFact, SymptomState
from aiops.domain.ticks import History, KpiTick, Span
from aiops.domain.time import utc
from tests.detect.made import (
    DAY,
    MONDAY,
    POLICY,
    Grid,
    Run,
    history_of,
    series_of,
    shard_of,
    times_of,
    week_curve,
)

PAST = times_of(24)  # three weeks and three days: the next tick is a Thursday's
NEXT = times_of(3.6, start=MONDAY + 24 * DAY)
THURSDAY, FRIDAY, SUNDAY = 0, 1, 3


def noisy(curve: Grid, seed: int, share: float = 0.04) -> Grid:
    return curve * (1 + share * np.random.default_rng(seed).standard_normal(len(curve)))


def at_hour(day: int, hour: float, minutes: int) -> slice:
    first = int(day * 1440 + hour * 60)
    return slice(first, first + minutes)


def opened(facts: list[SymptomFact]) -> list[SymptomFact]:
    return [fact for fact in facts if fact.kind is FactKind.OPENED]


def kinds(facts: list[SymptomFact]) -> list[FactKind]:
    return [fact.kind for fact in facts]


class Week:
    """Series side by side under one engine, each with a story of its own, told by its service."""

    def __init__(self) -> None:
        self.series: list[Series] = []
        self.past: list[Grid] = []
        self.next: list[Grid] = []

    def tell(self, story: str, series: Series, level: float = 1.0, share: float = 0.04) -> Grid:
        number = len(self.series)
        self.series.append(series)
        self.past.append(noisy(level * week_curve(PAST), number, share))
        self.next.append(noisy(level * week_curve(NEXT), 1000 + number, share))
        return self.next[-1]

    def run(self) -> Run:
        run = Run(shard_of(self.series), history_of(PAST, *self.past))
        run.feed_all(history_of(NEXT, *self.next))
        return run


def latency(story: str) -> Series:
    return series_of("latency_p95", story, unit="s")


@pytest.fixture(scope="module")
def week() -> Run:
    """All stories of one shard, run once."""
    made = Week()
    made.tell("quiet", latency("quiet"))
    values = made.tell("afternoon at night", latency("afternoon at night"))
    values[at_hour(FRIDAY, 2, 20)] = 2.5  # every afternoon has seen more
    made.tell("blips", latency("blips"))[::500] *= 3
    made.tell("faster", latency("faster"))[at_hour(FRIDAY, 10, 60)] *= 0.4
    values = made.tell("returns", latency("returns"))
    values[at_hour(FRIDAY, 10, 10)] *= 1.8
    values[at_hour(FRIDAY, 10 + 10 / 60, 10)] *= 4
    values[at_hour(FRIDAY, 10 + 30 / 60, 10)] *= 4
    values = made.tell("goes dark", latency("goes dark"))
    values[at_hour(FRIDAY, 10, 10)] *= 4
    values[at_hour(FRIDAY, 10 + 10 / 60, 10_000)] = np.nan
    made.tell("stays", latency("stays"))[at_hour(FRIDAY, 9, 10_000)] *= 2
    values = made.tell("kpi", series_of("revenue", "kpi", unit="EUR", kpi="revenue"), 5000)
    values[at_hour(SUNDAY, 12, 10_000)] *= 0.5
    values = made.tell("rest", latency("rest"))
    values[at_hour(FRIDAY, 10, 12)] *= 5
    values[at_hour(FRIDAY, 10 + 12 / 60, 25)] *= 1.08  # two usual distances
    values = made.tell("peak", series_of("orders", "peak", unit="EUR", kpi="orders"), 5000)
    values[at_hour(FRIDAY, 10, 90)] *= 1 + 0.4 * np.sin(np.linspace(0, np.pi, 90))
    return made.run()


def of(run: Run, story: str) -> list[SymptomFact]:
    return [
        fact
        for fact in run.facts
        if fact.symptom.service == story and fact.symptom.detector == "seasonal"
    ]


@pytest.mark.parametrize("story", ["quiet", "blips", "faster"])
def test_what_nobody_would_call_for_is_no_symptom(week: Run, story: str) -> None:
    assert of(week, story) == []


def test_a_daytime_value_at_night_is_found(week: Run) -> None:
    (fact,) = opened(of(week, "afternoon at night"))

    start = utc(int(NEXT[at_hour(FRIDAY, 2, 1)][0]))
    assert fact.symptom.onset == start
    assert fact.at == start + timedelta(minutes=1)
    assert fact.symptom.direction is Direction.UP
    assert fact.symptom.compared_with == "Fridays 02:00-02:15 of the last 3 weeks"
    assert fact.symptom.low < fact.symptom.expected < fact.symptom.high < fact.symptom.observed
    assert not fact.symptom.young


def test_a_symptom_strengthens_ends_and_returns_as_the_same_one(week: Run) -> None:
    facts = [fact for fact in of(week, "returns") if fact.kind is not FactKind.CONTINUED]

    assert kinds(facts) == [
        FactKind.OPENED,
        FactKind.STRENGTHENED,
        FactKind.ENDED,
        FactKind.REOPENED,
        FactKind.ENDED,
    ]
    assert len({(fact.symptom.id, fact.symptom.onset) for fact in facts}) == 1
    ended, again = facts[2].symptom, facts[3].symptom
    back = utc(int(NEXT[at_hour(FRIDAY, 10 + 20 / 60, 1)][0]))
    assert ended.state is SymptomState.ENDED
    assert ended.ended_at is not None
    assert back <= ended.ended_at <= back + timedelta(minutes=4)
    assert again.state is SymptomState.ACTIVE
    assert again.ended_at is None


def test_a_faint_rest_of_great_trouble_is_not_that_trouble(week: Run) -> None:
    over = next(fact for fact in of(week, "rest") if fact.kind is FactKind.ENDED)
    assert over.at <= utc(int(NEXT[at_hour(FRIDAY, 10 + 24 / 60, 1)][0]))


def test_the_end_of_a_peak_is_no_loss(week: Run) -> None:
    assert not of(week, "peak")


def test_missing_data_ends_nothing(week: Run) -> None:
    found = kinds(of(week, "goes dark"))

    assert found[0] is FactKind.OPENED
    assert FactKind.ENDED not in found


def test_a_shift_that_stays_for_a_day_becomes_the_new_normal(week: Run) -> None:
    facts = [fact for fact in of(week, "stays") if fact.kind is not FactKind.STRENGTHENED]

    assert kinds(facts) == [FactKind.OPENED, FactKind.CONTINUED, FactKind.ENDED]
    assert facts[1].at - facts[0].symptom.onset == timedelta(minutes=2)
    assert facts[2].at - facts[0].symptom.onset == timedelta(days=1)


def test_kpis_expect_the_season_at_the_level_before_the_drop(week: Run) -> None:
    last = week.kpis[-1]

    assert isinstance(last, KpiTick)
    assert [one.key.service for one in last.series] == ["kpi", "peak"]
    assert last.expected[0] == pytest.approx(5000 * week_curve(NEXT)[-1], rel=0.03)
    assert last.observed[0] == pytest.approx(last.expected[0] / 2, rel=0.2)
    assert last.scale[0] > 0


def test_a_drop_of_noisy_revenue_by_a_quarter_is_found_within_three_ticks() -> None:
    shops = 60
    shard = shard_of(
        [series_of("revenue", f"shop{n}", unit="EUR", kpi="revenue") for n in range(shops)]
    )
    past = [noisy(5000 * week_curve(PAST), n, 0.08) for n in range(shops)]
    run = Run(shard, history_of(PAST, *past))
    times = NEXT[:700]
    values = np.column_stack([noisy(5000 * week_curve(times), n + 500, 0.08) for n in range(shops)])
    values[600:] *= 0.76

    facts = opened(run.feed_all(History(times=times, values=values.astype(np.float32))))

    start = utc(int(times[600]))
    ticks = np.sort([(fact.at - start) / timedelta(minutes=1) + 1 for fact in facts])
    assert len(facts) == shops
    assert all(abs(fact.symptom.onset - start) <= timedelta(minutes=4) for fact in facts)
    assert np.median(ticks) <= 3
    assert ticks.max() <= 10
    assert FactKind.ENDED not in kinds(run.facts)


def test_what_is_amiss_after_a_while_without_data_did_not_begin_before_it() -> None:
    shops = 20
    shard = shard_of(
        [series_of("revenue", f"shop{n}", unit="EUR", kpi="revenue") for n in range(shops)]
    )
    past = [noisy(5000 * week_curve(PAST), n, 0.08) for n in range(shops)]
    run = Run(shard, history_of(PAST, *past))
    back = int(NEXT[215])
    times = np.concatenate([NEXT[:200], NEXT[215:235]])
    values = np.column_stack([noisy(5000 * week_curve(times), n + 500, 0.08) for n in range(shops)])
    values[200:] *= 0.76

    facts = opened(run.feed_all(History(times=times, values=values.astype(np.float32))))

    assert facts
    assert min(fact.symptom.onset for fact in facts) >= utc(back)


def test_an_error_rate_from_0_3_to_7_2_percent_opens_at_once_and_says_so() -> None:
    rng = np.random.default_rng(3)
    ratio = rng.binomial(3000, 0.003, len(PAST)) / 3000
    run = Run(shard_of([series_of("error_ratio", unit="1")]), history_of(PAST, ratio))
    ratio = rng.binomial(3000, 0.003, 300) / 3000
    ratio[200:] = 0.072

    (fact,) = opened(run.feed_all(history_of(NEXT[:300], ratio)))

    assert fact.at == fact.symptom.onset == utc(int(NEXT[200]))
    assert fact.symptom.before == pytest.approx(0.003, abs=0.0008)
    assert fact.symptom.observed == 0.072
    assert fact.symptom.strength >= POLICY.extreme_bar


def test_an_error_rate_from_0_1_to_0_3_percent_is_nothing() -> None:
    shard = shard_of([series_of("error_ratio", unit="1")])
    run = Run(shard, history_of(PAST, np.full(len(PAST), 0.001)))

    assert run.feed_all(history_of(NEXT[:150], np.full(150, 0.003))) == []


def test_seasons_follow_the_zone_of_the_series_across_a_clock_change() -> None:
    spring = 1_774_746_000  # 2026-03-29 01:00 UTC, when Berlin's clocks go forward
    times = times_of(16, start=spring - 14 * DAY)
    local = times + np.where(times >= spring, 7200, 3600)
    curve = noisy(np.where((local % DAY) // 3600 == 9, 10.0, 1.0), 4)
    cut = int(np.searchsorted(times, spring))
    facts = {}
    for zone in ("Europe/Berlin", "UTC"):
        shard = shard_of([series_of("latency_p95", unit="s", zone=zone)])
        run = Run(shard, history_of(times[:cut], curve[:cut]))
        facts[zone] = run.feed_all(history_of(times[cut:], curve[cut:]))

    assert facts["Europe/Berlin"] == []
    assert [fact.at.hour for fact in opened(facts["UTC"])] == [7, 7]


def test_incidents_in_the_history_change_neither_season_nor_scale() -> None:
    shard = shard_of([latency("a"), latency("b")])
    clean = noisy(week_curve(PAST), 1)
    dirty = clean.copy()
    dirty[at_hour(2, 9, 90)] *= 6
    dirty[at_hour(15, 20, 45)] *= 9
    fitted = engine.fit(shard, history_of(PAST, clean, dirty), POLICY).fitted["seasonal"]

    assert fitted["season"][:, 1] == pytest.approx(fitted["season"][:, 0], rel=0.08)
    assert fitted["scale"][:, 1] == pytest.approx(fitted["scale"][:, 0], rel=0.3)


def test_masked_time_is_not_learnt() -> None:
    shard = shard_of([latency("a")])
    times = times_of(2)
    values = np.full(len(times), 1.0)
    values[len(times) // 3 :] = 50
    masked = Span(slot=0, since=int(times[len(times) // 3]), until=int(times[-1]) + 1)
    profile = engine.fit(shard, history_of(times, values), POLICY, masked=[masked])

    assert profile.fitted["seasonal"]["season"].max() == 1.0


@pytest.mark.parametrize("step_seconds", [5, 60, 300])
def test_an_hour_of_history_without_a_fit_suffices_to_see_a_fault(step_seconds: int) -> None:
    rng = np.random.default_rng(5)
    count = max(12, 3600 // step_seconds)
    times = MONDAY + step_seconds * np.arange(1, count + 400, dtype=np.int64)
    values = 0.2 + 0.01 * rng.standard_normal(len(times))
    values[count + 300 :] = 0.9
    shard = shard_of([latency("a")], step_seconds)
    run = Run(shard, history_of(times[:count], values[:count]), fitted=False)

    (fact,) = opened(run.feed_all(history_of(times[count:], values[count:])))

    assert fact.symptom.onset == utc(int(times[count + 300]))
    assert fact.symptom.young
    assert fact.symptom.compared_with.startswith("the last ")
    assert fact.symptom.before == pytest.approx(0.2, abs=0.01)


def test_young_noise_says_almost_nothing() -> None:
    rng = np.random.default_rng(6)
    times = times_of(1)
    values = 5 + rng.gamma(2, 1, (len(times), 50))
    run = Run(shard_of([latency(f"s{n}") for n in range(50)]), None)

    facts = run.feed_all(History(times=times, values=values.astype(np.float32)))

    assert len(opened(facts)) <= 5
