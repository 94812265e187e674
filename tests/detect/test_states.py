"""A running state as bytes holds what is still read of it."""

import numpy as np

from aiops.detect import engine
from aiops.detect.engine import ShardProfile, ShardState
from aiops.domain.policies import DetectPolicy
from aiops.domain.symptoms import SymptomFact
from aiops.domain.ticks import Packed, Shard, Tick
from tests.builders import minute, series
from tests.detect.made import Run, history_of, series_of, shard_of, times_of

SHARD = Shard(
    id="shop.prod.0",
    env="prod",
    step_seconds=60,
    series=tuple(series(f"service-{number}", "latency_seconds") for number in range(300)),
)
PROFILE = ShardProfile.empty(SHARD)


def values(number: int) -> Packed:
    """Return a quiet tick, in which the first three series have two faults of ten minutes."""
    dice = np.random.default_rng(number)
    row = 0.2 + 0.01 * dice.standard_normal(len(SHARD.series), dtype=np.float32)
    if number in range(100, 110) or number in range(200, 210):
        row[:3] *= 20
    return row


def played(state: ShardState, first: int, last: int) -> tuple[ShardState, list[SymptomFact]]:
    facts: list[SymptomFact] = []
    for number in range(first, last):
        tick = Tick(at=minute(number), values=values(number))
        found = engine.step(SHARD, PROFILE, state, tick, DetectPolicy())
        state = found.state
        facts += found.facts
    return state, facts


def test_a_stored_state_tells_the_same_of_the_next_trouble_as_the_one_that_was_kept() -> None:
    state, first = played(engine.start(SHARD, PROFILE, None), 0, 105)
    assert first
    for until in (105, 125, 195, 202):
        state, _ = played(state, int((state.at - minute(0).timestamp()) // 60) + 1, until)
        stored = ShardState.from_bytes(state.to_bytes(), SHARD)
        kept_end, kept_facts = played(state, until, 230)
        stored_end, stored_facts = played(stored, until, 230)
        assert stored_facts == kept_facts
        assert stored_end.to_bytes() == kept_end.to_bytes()


def test_what_nothing_happens_to_takes_no_room() -> None:
    state, _ = played(engine.start(SHARD, PROFILE, None), 0, 90)
    assert of_the_first_three(state) == [0, 0, 0]
    state, _ = played(state, 90, 105)
    assert of_the_first_three(state) == [1, 1, 1]
    state, _ = played(state, 105, 240)
    assert of_the_first_three(state) == [0, 0, 0], "nobody can come back to it any more"


def of_the_first_three(state: ShardState) -> list[int]:
    slots = state.tracks["seasonal"].slots
    return [int((slots == number).sum()) for number in range(3)]


def test_a_gap_moves_nothing_that_is_known_of_a_series() -> None:
    times = times_of(0.2)
    columns = [
        0.2 + 0.01 * np.random.default_rng(seed).standard_normal(len(times)) for seed in (1, 2)
    ]
    run = Run(shard_of([series_of("latency_p95", name, unit="s") for name in ("a", "b")]), None)
    run.feed_all(history_of(times, *columns))
    at = int(times[-1])
    for tick in range(1, 4):
        run.feed(at + 60 * tick, np.array([0.25, 0.2], dtype=np.float32))
    known = {name: run.state.memory["seasonal"][name][..., 0].copy() for name in KNOWN}

    for tick in range(4, 24):
        run.feed(at + 60 * tick, np.array([np.nan, 0.2], dtype=np.float32))

    for name, before in known.items():
        np.testing.assert_array_equal(run.state.memory["seasonal"][name][..., 0], before, name)


KNOWN = ("level", "drift", "evidence", "smooth", "mean", "unit", "width", "quick_mean", "count")
