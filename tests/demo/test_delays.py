"""What of the time from a fault to its page was spent on what."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.demo.delays import STAGES, Delay, Milestones, by_stage, stages
from tests.builders import minute

ANSWER = timedelta(seconds=2)
MOMENTS = st.floats(-30, 60).map(minute)


def reached(*minutes: float) -> Milestones:
    bad, found, held, called = (minute(one) for one in minutes)
    return Milestones(bad_at=bad, found_at=found, held_at=held, called_at=called)


def test_each_stage_takes_from_the_end_of_the_one_before() -> None:
    told = minute(5) + timedelta(seconds=32)
    assert stages(minute(0.5), told, reached(1, 2, 2, 5), ANSWER) == {
        "scrape": 30,
        "close": 2,
        "persistence": 60,
        "correlate": 0,
        "decide": 180,
        "settle": 30,
    }


def test_what_was_reached_before_users_met_it_took_no_time() -> None:
    told = minute(5) + ANSWER
    found = stages(minute(3), told, reached(-5, -4, -4, 5), ANSWER)
    assert found == dict.fromkeys(STAGES, 0) | {"decide": 122}


def test_a_page_before_users_met_it_took_none_at_all() -> None:
    found = stages(minute(9), minute(5), reached(1, 2, 2, 5), ANSWER)
    assert found == dict.fromkeys(STAGES, 0)


@given(
    MOMENTS,
    MOMENTS,
    st.builds(Milestones, **dict.fromkeys(("bad_at", "found_at", "held_at", "called_at"), MOMENTS)),
)
def test_the_stages_of_a_fault_add_up_to_the_whole(
    hurts: datetime, told: datetime, found: Milestones
) -> None:
    seconds = stages(hurts, told, found, ANSWER)
    assert all(one >= 0 for one in seconds.values())
    assert sum(seconds.values()) == pytest.approx(max(0, (told - hurts).total_seconds()))


def test_percentiles_are_of_every_stage_over_all_faults() -> None:
    rows = [dict.fromkeys(STAGES, 0.0) | {"settle": float(one)} for one in range(101)]
    told = by_stage(rows)
    assert list(told) == list(STAGES)
    assert told["settle"] == Delay(p50=50.0, p95=95.0)
    assert by_stage([])["settle"] == Delay(p50=None, p95=None)
