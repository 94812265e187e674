"""Values that came after their tick had closed."""

import numpy as np
import numpy.typing as npt

from aiops.detect import engine
from aiops.domain.symptoms import FactKind, Symptom, SymptomFact, SymptomKind, SymptomState
from aiops.domain.ticks import Tick
from aiops.domain.time import utc
from tests.detect.made import DAY, MONDAY, POLICY, Run, history_of, series_of, shard_of, times_of

SHARD = shard_of([series_of("latency_p95", unit="s"), series_of("requests_per_second")])
NOW = MONDAY + 2 * DAY
USUAL, BLIP, BAD = 0.2, 0.275, 0.9


class Late(Run):
    """Two days of calm, then ticks given as minutes from there."""

    def __init__(self) -> None:
        times = times_of(2)
        noise = np.random.default_rng(5).normal(0, 0.01, (2, len(times)))
        super().__init__(SHARD, history_of(times, USUAL + noise[0], 50 + 50 * noise[1]))

    def closed(self, minute: int, value: float) -> list[SymptomFact]:
        return of_latency(self.feed(NOW + 60 * minute, row(value)))

    def late(self, minute: int, value: float) -> list[SymptomFact]:
        tick = Tick(at=utc(NOW + 60 * minute), values=row(value))
        found = engine.rescore(self.shard, self.profile, self.state, tick, self.policy)
        self.state = found.state
        return of_latency(found.facts)


def row(value: float) -> npt.NDArray[np.float32]:
    return np.array([value, np.nan if np.isnan(value) else 50], dtype=np.float32)


def of_latency(facts: tuple[SymptomFact, ...]) -> list[SymptomFact]:
    return [fact for fact in facts if fact.symptom.kind is SymptomKind.ANOMALY]


def only(facts: list[SymptomFact]) -> Symptom:
    (fact,) = facts
    return fact.symptom


def silent(run: Late, first: int, last: int) -> None:
    for minute in range(first, last + 1):
        assert not run.closed(minute, np.nan)


def test_an_outage_in_a_silence_opens_at_its_own_tick_and_ends_there() -> None:
    run = Late()
    silent(run, 1, 20)
    facts = [fact for m in range(1, 21) for fact in run.late(m, BAD if 5 <= m < 12 else USUAL)]
    assert facts[0].kind is FactKind.OPENED
    assert facts[-1].kind is FactKind.ENDED
    symptom = facts[-1].symptom
    assert symptom.onset == utc(NOW + 5 * 60)
    assert symptom.last_seen == utc(NOW + 11 * 60)
    assert symptom.ended_at == utc(NOW + 12 * 60)


def test_a_fault_that_began_in_the_silence_is_one_symptom_with_what_follows() -> None:
    run = Late()
    silent(run, 1, 20)
    facts = [fact for m in range(1, 21) for fact in run.late(m, BAD if m >= 15 else USUAL)]
    facts += [fact for m in range(21, 40) for fact in run.closed(m, BAD if m < 25 else USUAL)]
    assert len({fact.symptom.id for fact in facts}) == 1
    assert [facts[0].kind, facts[-1].kind] == [FactKind.OPENED, FactKind.ENDED]
    assert facts[-1].symptom.onset == utc(NOW + 15 * 60)


def test_an_open_symptom_lasts_through_the_silence_only_if_the_late_values_say_so() -> None:
    run = Late()
    opened = [fact for m in (1, 2) for fact in run.closed(m, BAD)]
    silent(run, 3, 12)
    facts = [fact for m in range(3, 13) for fact in run.late(m, USUAL)]
    assert [fact.kind for fact in facts][-1] is FactKind.ENDED
    assert facts[-1].symptom.id == opened[0].symptom.id
    assert facts[-1].symptom.ended_at == utc(NOW + 3 * 60)


def test_a_late_value_outside_lengthens_the_symptom_it_belongs_to() -> None:
    run = Late()
    for minute in (1, 2):
        run.closed(minute, BAD)
    run.closed(3, np.nan)
    run.late(3, BAD)
    ended = [fact for m in range(4, 12) for fact in run.closed(m, USUAL)]
    assert ended[-1].symptom.last_seen == utc(NOW + 3 * 60)


def test_a_late_value_older_than_the_newest_one_outside_shortens_nothing() -> None:
    run = Late()
    for minute in (1, 2):
        run.closed(minute, BAD)
    silent(run, 3, 8)
    run.closed(9, BAD)
    assert not [fact for m in range(3, 9) for fact in run.late(m, USUAL)]
    assert run.state.tracks["seasonal"].held[0]


def test_late_values_that_part_two_blips_withdraw_the_symptom_made_of_them() -> None:
    run = Late()
    assert not run.closed(1, BLIP)
    silent(run, 2, 3)
    opened = only(run.closed(4, BLIP))
    assert opened.onset == utc(NOW + 60)
    assert not run.late(2, USUAL)
    withdrawn = only(run.late(3, USUAL))
    assert withdrawn.id == opened.id
    assert withdrawn.state is SymptomState.WITHDRAWN
    assert not run.state.tracks["seasonal"].held.any()


def test_late_values_take_nothing_back_from_what_a_single_tick_proved() -> None:
    shard = shard_of([series_of("revenue_per_minute", unit="EUR", kpi="revenue")])
    times = times_of(2)
    run = Run(shard, history_of(times, 100 + np.random.default_rng(2).normal(0, 1, len(times))))
    values = [97.0, np.nan, np.nan, 10.0]
    for minute, value in enumerate(values, start=1):
        run.feed(NOW + 60 * minute, np.array([value], dtype=np.float32))
    for minute in (2, 3):
        tick = Tick(at=utc(NOW + 60 * minute), values=np.array([100], dtype=np.float32))
        run.state = engine.rescore(run.shard, run.profile, run.state, tick, POLICY).state
    assert run.state.tracks["seasonal"].held[0]


def test_nothing_is_learnt_from_late_values() -> None:
    run = Late()
    silent(run, 1, 6)
    before = run.state
    run.late(3, BAD)
    assert run.state.at == before.at
    assert run.state.memory is before.memory
    assert run.state.recent is before.recent


def test_a_gap_that_was_told_stays_told_until_the_next_tick() -> None:
    run = Late()
    silent(run, 1, 8)
    held = run.state.tracks["absence"].held.copy()
    run.late(3, USUAL)
    assert held.any()
    assert (run.state.tracks["absence"].held == held).all()


def test_a_late_value_in_a_kpi_series_is_a_reading_of_its_own_tick() -> None:
    shard = shard_of([series_of("revenue_per_minute", unit="EUR", kpi="revenue")])
    times = times_of(2)
    run = Run(shard, history_of(times, 100 + np.random.default_rng(2).normal(0, 1, len(times))))
    run.feed(NOW + 60, np.array([np.nan], dtype=np.float32))
    tick = Tick(at=utc(NOW + 60), values=np.array([70], dtype=np.float32))
    found = engine.rescore(run.shard, run.profile, run.state, tick, POLICY)
    assert found.kpis is not None
    assert found.kpis.at == tick.at
    assert found.kpis.observed.tolist() == [70.0]
