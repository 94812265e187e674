"""What every registered detector promises, run through the engine that the workers use."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
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
        series_of("requests", "search", unit="1/s"),
        series_of("cpu_usage", "search", unit="1"),
        series_of("latency_p95", "search", unit="s"),
    ]
)
SERVICES = ("checkout", "orders", "gateway", "search")
DETECTOR_NAMES = [*DETECTORS]


def made(times: npt.NDArray[np.int64], seed: int) -> History:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((len(times), len(SHARD.series)))
    curve = week_curve(times)
    usual = [0.2 * curve, 0.003 + 0 * curve, 9 * curve, 5000 * curve, 300 * curve, 0.3 + 0 * curve]
    values = np.column_stack(usual) * (1 + 0.05 * noise[:, :6])
    load = curve * (1 + 0.15 * rng.standard_normal(len(times)))
    together = np.column_stack([200 * load, 0.1 + 0.12 * load, 0.1 + 0.03 * load])
    values = np.hstack([values, together * (1 + 0.01 * noise[:, 6:])])
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
    values[25:55, 5] = values[25, 5]
    values[90:110, 4] *= 1000
    values[120:145, 6] *= 1.15
    values[120:145, 7] *= 0.8
    values[180:, 4:6] = np.nan
    values[200, 0] = -np.inf
    values[300:] = np.nan
    return History(times=history.times, values=values)


PAST = made(times_of(14, 120), 1)
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


@cache
def whole() -> tuple[tuple[ShardState, ...], list[SymptomFact]]:
    """Return the state after each tick of the trouble, the first one before any, and the facts."""
    states, facts = [engine.start(SHARD, PROFILE, PAST)], list[SymptomFact]()
    for tick in range(len(TROUBLE.times)):
        state, found = run(part(TROUBLE, slice(tick, tick + 1)), states[-1])
        states.append(state)
        facts += found
    return tuple(states), facts


def until(facts: list[SymptomFact], ticks: int) -> list[SymptomFact]:
    known = utc(int(TROUBLE.times[ticks - 1]))
    return [one for one in facts if one.at <= known]


@cache
def with_another_future(cut: int) -> list[SymptomFact]:
    values = TROUBLE.values[cut - 8 : cut + 1].copy()
    values[8:] = 1e6
    times = TROUBLE.times[cut - 8 : cut + 1]
    return run(History(times=times, values=values), whole()[0][cut - 8])[1]


@cache
def stored_after(cut: int) -> tuple[ShardState, list[SymptomFact]]:
    """Go on for a while with state and profile read back from their bytes."""
    profile = ShardProfile.from_bytes(PROFILE.to_bytes(), SHARD)
    state = ShardState.from_bytes(whole()[0][cut].to_bytes(), SHARD)
    return run(part(TROUBLE, slice(cut, cut + 30)), state, profile)


@cache
def alone(service: str) -> list[SymptomFact]:
    """Return what is said of a service that has a shard to itself, until everything is silent."""
    slots = [slot for slot, one in enumerate(SHARD.series) if one.key.service == service]
    shard = shard_of([SHARD.series[slot] for slot in slots])
    past, now = (
        History(times=one.times, values=one.values[:, slots])
        for one in (PAST, part(TROUBLE, slice(0, 290)))
    )
    profile = engine.fit(shard, past, POLICY)
    return run(now, engine.start(shard, profile, past), profile, shard)[1]


@cache
def constant(value: float) -> list[SymptomFact]:
    times = MONDAY + 300 * np.arange(1, 1201, dtype=np.int64)
    values = np.full((1200, len(SHARD.series)), value, dtype=np.float32)
    history = History(times=times, values=values)
    shard = shard_of(SHARD.series, 300)
    profile = engine.fit(shard, part(history, slice(0, 1000)), POLICY)
    state = engine.start(shard, profile, part(history, slice(0, 1000)))
    return run(part(history, slice(1000, None)), state, profile, shard)[1]


@pytest.mark.parametrize("name", DETECTOR_NAMES)
class TestEveryDetector:
    def test_it_answers_to_its_name(self, name: str) -> None:
        assert detector_named(name).name == name

    def test_it_finds_its_sort_of_trouble(self, name: str) -> None:
        found = by(whole()[1], name)

        assert FactKind.OPENED in {fact.kind for fact in found}
        assert {fact.symptom.kind for fact in found} == {detector_named(name).kind}
        assert all(fact.symptom.compared_with for fact in found)

    @pytest.mark.parametrize("cut", [45, 62, 75, 93, 122, 160, 190, 290])
    def test_the_future_changes_nothing_of_the_past(self, name: str, cut: int) -> None:
        facts = [*until(whole()[1], cut - 8), *until(with_another_future(cut), cut)]

        assert by(facts, name) == by(until(whole()[1], cut), name)

    def test_the_same_ticks_give_the_same_facts(self, name: str) -> None:
        _, again = run(part(TROUBLE, slice(0, 200)))

        assert by(again, name) == by(until(whole()[1], 200), name)

    @pytest.mark.parametrize("cut", [5, 45, 64, 80, 92, 121, 185, 250])
    def test_a_state_stored_in_the_middle_goes_on_identically(self, name: str, cut: int) -> None:
        last, facts = stored_after(cut)
        states, known = whole()

        assert by(facts, name) == by(until(known, cut + 30)[len(until(known, cut)) :], name)
        assert frozen(last.memory[name]) == frozen(states[cut + 30].memory[name])
        assert last.to_bytes() == states[cut + 30].to_bytes()

    @pytest.mark.parametrize("tick", [80, 130, 200])
    def test_it_judges_before_it_learns(self, name: str, tick: int) -> None:
        state = whole()[0][tick]
        before = frozen(state.memory[name]), frozen(PROFILE.fitted[name])
        first, second = (judge(detector_named(name), state, TROUBLE.values[tick]) for _ in "ab")

        for field in ("measured", "outside", "certain", "strength", "expected"):
            one, other = (getattr(verdict, field) for verdict in (first, second))
            np.testing.assert_array_equal(one, other)
        after = frozen(state.memory[name]), frozen(PROFILE.fitted[name])
        assert after == before

    @pytest.mark.parametrize("service", SERVICES)
    def test_a_service_alone_is_judged_as_in_company(self, name: str, service: str) -> None:
        company = [one for one in until(whole()[1], 290) if one.symptom.service == service]

        assert by(alone(service), name) == by(company, name)

    @pytest.mark.parametrize("value", [0.0, 1.0, 7.0])
    def test_constants_are_quiet(self, name: str, value: float) -> None:
        assert by(constant(value), name) == []

    def test_no_subject_lies_outside_the_shards_environment(self, name: str) -> None:
        subjects = detector_named(name).subjects(SHARD)

        assert {one.key.env for one in subjects} == {SHARD.env}
        assert len({one.key for one in subjects}) == len(subjects)


def said(facts: list[SymptomFact]) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def test_another_process_with_other_hashes_says_the_same() -> None:
    facts = run(part(TROUBLE, slice(0, 130)))[1]
    program = (
        "from tests.contracts.test_detectors import *;"
        "print(said(run(part(TROUBLE, slice(0, 130)))[1]))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout.strip() == said(facts)


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
    state = whole()[0][70]
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
    ended = {one.symptom.id for one in [*head, *tail] if one.kind is FactKind.ENDED}
    assert len(opened) >= 4
    assert opened <= ended
    calm = utc(int(TROUBLE.times[115]))
    late = [one for one in tail if one.symptom.service == "gateway" and one.at > calm]
    assert {one.symptom.detector for one in late} == {"absence"}


def test_a_new_profile_keeps_open_symptoms_and_the_level() -> None:
    state, head = whole()[0][75], until(whole()[1], 75)
    fitted = engine.fit(SHARD, made(times_of(15, 300), 9), POLICY)
    _, tail = run(part(TROUBLE, slice(75, 150)), engine.adopt(SHARD, fitted, state))

    opened = {one.symptom.id for one in head if one.kind is FactKind.OPENED}
    assert opened <= {one.symptom.id for one in [*head, *tail] if one.kind is FactKind.ENDED}


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
    with pytest.raises(ConfigurationError, match=", ".join(sorted(DETECTORS))):
        detector_named("crystal ball")
    assert [one.name for one in all_detectors()][: len(DETECTORS)] == DETECTOR_NAMES
