"""What every registered detector promises, run through the engine that the workers use."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aiops.detect import engine
from aiops.detect.engine import ShardProfile, ShardState
from aiops.detect.protocol import Detector
from aiops.detect.registry import DETECTORS, all_detectors, detector_named
from aiops.domain.errors import ConfigurationError, StateFormatError
from aiops.domain.policies import DetectPolicy, Limit
from aiops.domain.symptoms import FactKind, SymptomFact
from aiops.domain.ticks import History, Packed, Shard, Tick
from aiops.domain.time import utc
from tests.detect.made import MONDAY, series_of, shard_of, times_of, week_curve

POLICY = DetectPolicy(limits=(Limit(metric="queue_depth", above=40.0),))
SHARD = shard_of(
    [
        series_of("latency_p95", "checkout", unit="s"),
        series_of("error_ratio", "checkout", unit="1"),
        series_of("queue_depth", "orders"),
        series_of("revenue", "orders", unit="EUR", kpi="revenue", zone="Europe/Berlin"),
        series_of("requests", "gateway", unit="1/s"),
        series_of("cpu_usage", "gateway", unit="1"),
    ]
)
DETECTOR_NAMES = [*DETECTORS]


def made(times: npt.NDArray[np.int64], seed: int) -> History:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((len(times), len(SHARD.series)))
    curve = week_curve(times)
    usual = [0.2 * curve, 0.003 + 0 * curve, 9 * curve, 5000 * curve, 300 * curve, 0.3 + 0 * curve]
    values = np.column_stack(usual) * (1 + 0.05 * noise)
    return History(times=times, values=values.astype(np.float32))


def troubled() -> History:
    """Every sort of trouble there is: faults, gaps, infinities, a dead service."""
    history = made(times_of(0.25, start=int(PAST.times[-1])), 2)
    values = history.values.copy()
    values[60:90, 0] *= 5
    values[60:90, 1] = 0.072
    values[62:110, 2] = 90
    values[63:120, 3] *= 0.6
    values[150:170, 0] = np.nan
    values[155] = np.inf
    values[180:, 4:] = np.nan
    values[200, 0] = -np.inf
    values[300:] = np.nan
    return History(times=history.times, values=values)


PAST = made(times_of(14), 1)
PROFILE = engine.fit(SHARD, PAST, POLICY)
TROUBLE = troubled()


def run(
    history: History,
    state: ShardState | None = None,
    profile: ShardProfile = PROFILE,
    shard: Shard = SHARD,
) -> tuple[ShardState, list[SymptomFact]]:
    state = state or engine.start(shard, profile, PAST)
    facts: list[SymptomFact] = []
    for at, values in zip(history.times.tolist(), history.values, strict=True):
        found = engine.step(shard, profile, state, Tick(at=utc(at), values=values), POLICY)
        state = found.state
        facts += found.facts
    return state, facts


def part(history: History, chosen: slice) -> History:
    return History(times=history.times[chosen], values=history.values[chosen])


def by(facts: list[SymptomFact], name: str) -> list[SymptomFact]:
    return [fact for fact in facts if fact.symptom.detector == name]


@pytest.mark.parametrize("name", DETECTOR_NAMES)
class TestEveryDetector:
    def test_it_answers_to_its_name(self, name: str) -> None:
        assert detector_named(name).name == name

    def test_it_finds_its_sort_of_trouble(self, name: str) -> None:
        _, facts = run(TROUBLE)

        found = by(facts, name)
        assert FactKind.OPENED in {fact.kind for fact in found}
        assert {fact.symptom.kind for fact in found} == {detector_named(name).kind}
        assert all(fact.symptom.compared_with for fact in found)

    def test_the_future_changes_nothing_of_the_past(self, name: str) -> None:
        _, whole = run(TROUBLE)
        for cut in (61, 75, 160, 190, 290):
            _, head = run(part(TROUBLE, slice(0, cut)))
            known = utc(int(TROUBLE.times[cut - 1]))
            assert by(head, name) == [one for one in by(whole, name) if one.at <= known]

    def test_the_same_ticks_give_the_same_facts(self, name: str) -> None:
        assert by(run(TROUBLE)[1], name) == by(run(TROUBLE)[1], name)

    def test_a_state_stored_in_the_middle_goes_on_identically(self, name: str) -> None:
        whole, facts = run(TROUBLE)
        profile = ShardProfile.from_bytes(PROFILE.to_bytes(), SHARD)
        for cut in (5, 64, 80, 185, 250):
            state, head = run(part(TROUBLE, slice(0, cut)))
            stored = ShardState.from_bytes(state.to_bytes(), SHARD)
            last, tail = run(part(TROUBLE, slice(cut, None)), stored, profile)
            assert by([*head, *tail], name) == by(facts, name)
            assert last.to_bytes() == whole.to_bytes()

    def test_it_judges_before_it_learns(self, name: str) -> None:
        detector = detector_named(name)
        state, _ = run(part(TROUBLE, slice(0, 80)))
        memory = frozen(state.memory[name])
        verdicts = [judge(detector, state, TROUBLE.values[80]) for _ in range(2)]

        for field in ("outside", "strength", "expected"):
            first, second = (getattr(verdict, field) for verdict in verdicts)
            np.testing.assert_array_equal(first, second)
        assert frozen(state.memory[name]) == memory

    def test_constants_are_quiet(self, name: str) -> None:
        for constant in (0.0, 1.0, 7.0):
            values = np.full((3000, len(SHARD.series)), constant, dtype=np.float32)
            times = MONDAY + 60 * np.arange(1, 3001, dtype=np.int64)
            history = History(times=times, values=values)
            profile = engine.fit(SHARD, part(history, slice(0, 2500)), POLICY)
            state = engine.start(SHARD, profile, part(history, slice(0, 2500)))
            _, facts = run(part(history, slice(2500, None)), state, profile)
            assert by(facts, name) == []

    def test_no_subject_lies_outside_the_shards_environment(self, name: str) -> None:
        subjects = detector_named(name).subjects(SHARD)

        assert {one.key.env for one in subjects} == {SHARD.env}
        assert len({one.key for one in subjects}) == len(subjects)


def judge(detector: Detector, state: ShardState, values: Packed) -> Any:
    frame = engine.frame_of(SHARD, PROFILE, state, int(state.at) + 60, values, POLICY)
    name = detector.name
    fitted = PROFILE.fitted[name]
    return detector.score(frame, fitted, state.memory[name], state.tracks[name].held)


def frozen(memory: Mapping[str, npt.NDArray[Any]]) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in memory.items()}


wild = st.floats(width=32, allow_nan=True, allow_infinity=True)


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, (25, len(SHARD.series)), elements=wild))
def test_any_values_are_taken_and_every_number_told_is_finite(values: Packed) -> None:
    times = int(PAST.times[-1]) + 60 * np.arange(1, 26, dtype=np.int64)
    empty = ShardProfile.empty(SHARD)
    for profile in (PROFILE, empty):
        state = engine.start(SHARD, profile, part(PAST, slice(-60, None)))
        _, facts = run(History(times=times, values=values), state, profile)
        for fact in facts:
            one = fact.symptom
            told = (one.strength, one.observed, one.expected, one.low, one.high, one.before)
            assert np.isfinite(told).all()
            assert one.onset <= one.detected_at <= fact.at


def test_a_duplicate_or_older_tick_changes_nothing() -> None:
    state, _ = run(part(TROUBLE, slice(0, 70)))
    for index in (69, 10):
        tick = Tick(at=utc(int(TROUBLE.times[index])), values=TROUBLE.values[index])
        again = engine.step(SHARD, PROFILE, state, tick, POLICY)
        assert again.state is state
        assert again.facts == ()


def test_a_shard_that_grew_keeps_what_runs_and_starts_the_new_series_young() -> None:
    small = shard_of(SHARD.series[:4])
    history = History(times=PAST.times, values=PAST.values[:, :4])
    profile = engine.fit(small, history, POLICY)
    state = engine.start(small, profile, history)
    first = part(TROUBLE, slice(0, 75))
    state, head = run(History(times=first.times, values=first.values[:, :4]), state, profile, small)
    grown = ShardProfile.from_bytes(profile.to_bytes(), SHARD)
    stored = engine.adopt(SHARD, grown, ShardState.from_bytes(state.to_bytes(), SHARD))
    _, tail = run(part(TROUBLE, slice(75, None)), stored, grown)

    opened = {one.symptom.id for one in head if one.kind is FactKind.OPENED}
    ended = {one.symptom.id for one in tail if one.kind is FactKind.ENDED}
    assert len(opened) >= 4
    assert opened <= ended
    late = [one for one in tail if one.symptom.service == "gateway" and one.kind == "opened"]
    assert {one.symptom.detector for one in late} == {"absence"}


def test_a_new_profile_keeps_open_symptoms_and_the_level() -> None:
    state, head = run(part(TROUBLE, slice(0, 75)))
    adopted = engine.adopt(SHARD, engine.fit(SHARD, made(times_of(15), 9), POLICY), state)
    _, tail = run(part(TROUBLE, slice(75, None)), adopted)

    opened = {one.symptom.id for one in head if one.kind is FactKind.OPENED}
    assert opened <= {one.symptom.id for one in tail if one.kind is FactKind.ENDED}


def test_a_tick_from_before_the_shard_grew_is_taken() -> None:
    state = engine.start(SHARD, PROFILE, PAST)
    tick = Tick(at=utc(state.at) + timedelta(minutes=1), values=PAST.values[0, :3])

    assert engine.step(SHARD, PROFILE, state, tick, POLICY).state.number == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"XXXX" + data[4:],
        lambda data: data[:4] + b"\x63\x00" + data[6:],
        lambda data: data[:-8],
        lambda data: data[:10] + b"?" * 40 + data[50:],
    ],
)
def test_a_damaged_or_unknown_blob_is_refused(damage: Any) -> None:
    state = engine.start(SHARD, PROFILE, PAST)
    with pytest.raises(StateFormatError, match="rebuild it"):
        ShardState.from_bytes(damage(state.to_bytes()), SHARD)
    with pytest.raises(StateFormatError, match="rebuild it"):
        ShardProfile.from_bytes(damage(PROFILE.to_bytes()), SHARD)


def test_a_blob_of_other_series_or_another_kind_is_refused() -> None:
    other = shard_of([*SHARD.series[1:], SHARD.series[0]])
    with pytest.raises(StateFormatError, match="another series set"):
        ShardProfile.from_bytes(PROFILE.to_bytes(), other)
    with pytest.raises(StateFormatError, match="holds a 'profile'"):
        ShardState.from_bytes(PROFILE.to_bytes(), SHARD)


def test_an_unknown_detector_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="absence, seasonal, threshold"):
        detector_named("crystal ball")
    assert [one.name for one in all_detectors()][:3] == DETECTOR_NAMES
