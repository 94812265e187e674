"""A tick in which nothing happens costs nothing: what is remembered is not even written again."""

import numpy as np
import pytest

from aiops.detect.engine import ShardState
from tests.detect.made import MONDAY, Run, history_of, series_of, shard_of

SHARD = shard_of([series_of(metric, unit="s") for metric in ("latency_p50", "latency_p95")])
RNG = np.random.default_rng(4)
TIMES = MONDAY + 60 * np.arange(1, 602, dtype=np.int64)
VALUES = 0.2 + 0.01 * RNG.standard_normal((len(TIMES), 2))


def before_and_after(*values: float) -> tuple[ShardState, ShardState]:
    """Return the states before and after a tick with these values, at the end of ten calm hours."""
    run = Run(SHARD, history_of(TIMES[:-1], *VALUES[:-1].T))
    before = run.state
    run.feed(int(TIMES[-1]), np.array(values))
    return before, run.state


@pytest.mark.parametrize("name", ["absence", "unit_change", "threshold"])
def test_what_small_detectors_remember_stays_the_same_object(name: str) -> None:
    before, after = before_and_after(*VALUES[-1])

    for part, array in before.memory[name].items():
        assert after.memory[name][part] is array, part


@pytest.mark.parametrize(
    ("name", "value", "parts"),
    [
        ("absence", np.nan, {"missing", "usual"}),
        ("unit_change", 1000 * VALUES[-2, 0], {"hits", "factor", "level", "spread", "began"}),
    ],
)
def test_only_what_a_tick_changed_is_another_one(name: str, value: float, parts: set[str]) -> None:
    before, after = before_and_after(value, VALUES[-1, 1])
    memory = before.memory[name]

    assert {part for part in memory if after.memory[name][part] is not memory[part]} == parts


def test_of_values_that_move_only_the_last_is_kept() -> None:
    before, after = before_and_after(*VALUES[-1])
    memory = before.memory["frozen"]

    assert [part for part in memory if after.memory["frozen"][part] is not memory[part]] == ["last"]
